/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Elements, masses, charges, bonds and molecules from each topology format, the same on every rank.
 * ranks: 1 2 3
 */
#include "trajectory/topology.h"

#include "core/memory.h"
#include "support.h"
#include "trajectory/cell.h"
#include "trajectory/elements.h"
#include "trajectory/trajectory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *save(const char *name, const char *text)
{
    return write_bytes(name, text, strlen(text));
}

static topology *read_text(const char *name, const char *text)
{
    topology *made = NULL;

    assert_ok(topology_read(test_run(), save(name, text), &made));
    return made;
}

static void refuse(const char *name, const char *text, covary_status code, const char *message)
{
    topology *made = NULL;

    assert_int_equal(topology_read(test_run(), save(name, text), &made), code);
    assert_null(made);
    assert_message(message);
}

static void assert_symbols(const topology *made, const char *symbols)
{
    char said[256] = "";

    for (int64_t a = 0; a < made->n_atoms; a++) {
        snprintf(said + strlen(said), sizeof said - strlen(said), "%s%s", a > 0 ? " " : "",
                 element_symbol(made->species[a]));
    }
    assert_string_equal(said, symbols);
}

/* ---- PDB ---- */

/* name in columns 13-16, residue in 18-21, element in 77-78 */
static void add_pdb_atom(char *into, size_t size, const char *record, const char *name,
                         const char *residue, int number, const char *element)
{
    snprintf(into + strlen(into), size - strlen(into),
             "%-6s%5d %-4s %-4sA%4d    %8.3f%8.3f%8.3f  1.00  0.00          %2s  \n", record,
             number, name, residue, number, 1.0 * number, 0.0, 0.0, element);
}

static void pdb_names_are_read_with_their_columns(void **state)
{
    static const struct {
        const char *record, *name, *residue, *symbol;
    } known[] = {{"ATOM", " CA ", "ALA", "C"},    {"HETATM", "CA  ", "CA", "Ca"},
                 {"HETATM", "CA  ", "LIG", "Ca"}, {"ATOM", "CA  ", "ALA", "C"},
                 {"ATOM", " HG ", "SER", "H"},    {"HETATM", "HG  ", "HG", "Hg"},
                 {"ATOM", "HG11", "VAL", "H"},    {"ATOM", "1HB ", "ALA", "H"},
                 {"ATOM", " CL ", "LIG", "Cl"},   {"HETATM", "CL  ", "CL", "Cl"},
                 {"ATOM", "CL12", "LIG", "Cl"},   {"HETATM", "NA  ", "NA", "Na"},
                 {"HETATM", " NA ", "HEM", "N"},  {"ATOM", " NE2", "HIS", "N"},
                 {"ATOM", " OD1", "ASP", "O"},    {"ATOM", " SG ", "CYS", "S"},
                 {"ATOM", " CD ", "GLU", "C"},    {"HETATM", "CD  ", "CD", "Cd"},
                 {"HETATM", "BR1 ", "LIG", "Br"}, {"HETATM", "ZN  ", "ZN", "Zn"},
                 {"HETATM", " SOD", "SOD", "Na"}, {"HETATM", "FE  ", "HEM", "Fe"},
                 {"ATOM", " D1 ", "HOH", "H"},    {"ATOM", " HO5'", "DA", "H"}};
    char text[4096] = "", symbols[256] = "";
    (void)state;

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        add_pdb_atom(text, sizeof text, known[i].record, known[i].name, known[i].residue,
                     (int)i + 1, "");
        snprintf(symbols + strlen(symbols), sizeof symbols - strlen(symbols), "%s%s",
                 i > 0 ? " " : "", known[i].symbol);
    }
    topology *made = read_text("names.pdb", text);
    assert_symbols(made, symbols);
    assert_int_equal(made->n_molecules, made->n_atoms);
    assert_null(made->charges);
    topology_destroy(&made);
}

/* Element columns win; files that begin names in column 13 do not make metals of carbons. */
static void pdb_columns_of_elements_win(void **state)
{
    char text[2048] = "";

    (void)state;
    add_pdb_atom(text, sizeof text, "HETATM", "CA  ", "LIG", 1, " C");
    add_pdb_atom(text, sizeof text, "HETATM", "HG  ", "LIG", 2, "H");
    topology *made = read_text("columns.pdb", text);
    assert_symbols(made, "C H");
    topology_destroy(&made);

    text[0] = '\0';
    add_pdb_atom(text, sizeof text, "HETATM", "CA  ", "LIG", 1, "");
    add_pdb_atom(text, sizeof text, "HETATM", "N   ", "LIG", 2, "");
    made = read_text("left.pdb", text);
    assert_symbols(made, "C N");
    topology_destroy(&made);
}

/* Two models; serials that are hybrid-36 or overflowed; CONECT of what is unique. */
static void pdb_bonds_follow_unique_serials(void **state)
{
    static const char *const text =
        "CRYST1   14.000   15.000   16.000  80.00  95.00 100.00 P 1           1\n"
        "MODEL        1\n"
        "HETATMA0000  O   HOH A   1       0.000   0.000   0.000  1.00  0.00           O  \n"
        "HETATMA0001  H1  HOH A   1       0.000   0.000   0.000  1.00  0.00           H  \n"
        "HETATMA0002  H2  HOH A   1       0.000   0.000   0.000  1.00  0.00           H  \n"
        "HETATM*****  O   HOH A   2       0.000   0.000   0.000  1.00  0.00           O  \n"
        "HETATM*****  H1  HOH A   2       0.000   0.000   0.000  1.00  0.00           H  \n"
        "HETATM*****  H2  HOH A   2       0.000   0.000   0.000  1.00  0.00           H  \n"
        "ENDMDL\n"
        "MODEL        2\n"
        "HETATMA0000  O   HOH A   1       0.000   0.000   0.000  1.00  0.00           O  \n"
        "ENDMDL\n"
        "CONECTA0000A0001A0002\n"
        "CONECT**********\n"
        "CONECT    1    2\n"
        "END\n";
    topology *made = read_text("models.pdb", text);

    (void)state;
    assert_symbols(made, "O H H O H H");
    assert_int_equal(made->n_bonds, 2);
    assert_int_equal(made->bonds[0], 0);
    assert_int_equal(made->bonds[1], 1);
    assert_int_equal(made->bonds[3], 2);
    assert_false(made->bonded); /* the second water has none: molecules are residues */
    assert_int_equal(made->n_molecules, 2);
    assert_int_equal(made->molecule_of[2], 0);
    assert_int_equal(made->molecule_of[3], 1);
    topology_destroy(&made);
}

/* ---- files of MDAnalysis ---- */

/* The cell in all ways that programs write it, and where they say that there is none. */
static void assert_cell(const char *name, const char *text, const double lengths[3],
                        const double degrees[3], double digits)
{
    topology *made = read_text(name, text);
    double    cell[9];

    assert_true(cell_from_lengths(lengths, degrees, cell));
    assert_int_equal(made->periodic, lengths[0] > 0.0 ? 7 : 0);
    for (int i = 0; i < 9; i++) {
        assert_near(made->cell[i], cell[i], digits);
    }
    topology_destroy(&made);
}

#define PDB_ATOM                                                                                   \
    "ATOM      1  C   DCE A   1       0.000   0.000   0.000  1.00  0.00           C  \n"
#define GRO_ATOM "one\n    1\n    1DCE      C    1   0.198   0.376   0.400\n"

static void cells_are_read(void **state)
{
    static const double lengths[3] = {14.0, 15.0, 16.0}, degrees[3] = {80.0, 95.0, 100.0};
    static const double none[3] = {0.0, 0.0, 0.0}, right[3] = {90.0, 90.0, 90.0};

    (void)state;
    assert_cell("cell.pdb", "CRYST1   14.000   15.000   16.000  80.00  95.00 100.00 P 1\n" PDB_ATOM,
                lengths, degrees, 1e-12);
    assert_cell("unit.pdb", "CRYST1    1.000    1.000    1.000  90.00  90.00  90.00\n" PDB_ATOM,
                none, right, 0.0);
    assert_cell("zero.pdb", "CRYST1    0.000    0.000    0.000   0.00   0.00   0.00\n" PDB_ATOM,
                none, right, 0.0);
    assert_cell("without.pdb", PDB_ATOM, none, right, 0.0);
    assert_cell("cell.gro",
                GRO_ATOM "1.40000   1.47721   1.57297   0.00000   0.00000  -0.26047   0.00000  "
                         "-0.13945   0.25753\n",
                lengths, degrees, 1e-4);
    assert_cell("right.gro", GRO_ATOM "   1.40000   1.50000   1.60000\n", lengths, right, 1e-12);
    assert_cell("zero.gro", GRO_ATOM "0 0 0\n", none, right, 0.0);
    assert_cell("without.gro", GRO_ATOM, none, right, 0.0);
    assert_cell("cell.xyz", "1\nLattice=\"14 0 0 0 15 0 0 0 16\"\nC 0 0 0\n", lengths, right,
                1e-12);
    refuse("word.pdb", "CRYST1   14.000   15.000     wide  80.00  95.00 100.00\n" PDB_ATOM,
           COVARY_ERR_FORMAT, "line 1: columns 25 to 33 of CRYST1 hold 'wide', not a number");
    refuse("flat.pdb", "CRYST1   14.000   15.000   16.000  10.00  95.00 170.00\n" PDB_ATOM,
           COVARY_ERR_FORMAT, "line 1: no cell has the lengths 14, 15, 16 and the angles 10, 95");
    refuse("four.gro", GRO_ATOM "1 1 1 1\n", COVARY_ERR_FORMAT,
           "line 4: the three or nine numbers of a box are expected");
}

/* A trajectory without cells has that of the topology, one with cells its own. */
static void trajectories_take_the_cell(void **state)
{
    static const char *const text = "1\n\nC 0 0 0\n"
                                    "1\nLattice=\"9 0 0 0 9 0 0 0 9\"\nC 0 0 0\n"
                                    "1\nLattice=\"9 0 0 0 9 0 0 0 9\" pbc=\"F F F\"\nC 0 0 0\n";
    const char              *path = save("cells.xyz", text);
    topology                *made = read_text("of.gro", GRO_ATOM "1.4 1.5 1.6\n");
    trajectory              *opened = NULL;
    frames                  *batch = NULL;

    (void)state;
    assert_ok(frames_create(0, 0, &batch));
    assert_ok(
        trajectory_open(test_run(), &path, 1, &(trajectory_options){.topology = made}, &opened));
    assert_ok(trajectory_read(opened, 0, 3, batch));
    assert_int_equal(batch->periodic[0], 7);
    assert_int_equal(batch->periodic[1], 7);
    assert_int_equal(batch->periodic[2], 0);
    assert_near(batch->cell[4], 15.0, 1e-12);
    assert_near(batch->cell[9 + 4], 9.0, 0.0);
    assert_near(batch->cell[18 + 4], 9.0, 0.0);
    frames_destroy(&batch);
    trajectory_close(&opened);
    topology_destroy(&made);
}

static void written_files_are_read(void **state)
{
    static const char *const names[] = {"formats/dce2.pdb", "formats/dce2.gro", "formats/dce2.psf"};

    (void)state;
    for (int i = 0; i < 3; i++) {
        topology *made = NULL;
        assert_ok(topology_read(test_run(), test_data(names[i]), &made));
        assert_symbols(made, "C C Cl Cl H H H H C C Cl Cl H H H H");
        assert_int_equal(made->n_molecules, 2);
        assert_int_equal(made->molecule_of[7], 0);
        assert_int_equal(made->molecule_of[8], 1);
        assert_near(made->masses[2], 35.45, 1e-12);
        topology_destroy(&made);
    }
}

/* ---- GRO ---- */

static void gro_tells_ions_from_carbons(void **state)
{
    static const char *const text = "ions, t= 0.0 step= 0\n"
                                    "    8\n"
                                    "    1ALA     CA    1   0.126   1.624   1.679\n"
                                    "    1ALA    HB1    2   0.126   1.624   1.679\n"
                                    "    2CA      CA    3   0.126   1.624   1.679\n"
                                    "    3NA      NA    4   0.126   1.624   1.679\n"
                                    "    4CL      CL    5   0.126   1.624   1.679\n"
                                    "    5SOL     OW    6   0.126   1.624   1.679\n"
                                    "    5SOL    HW199999   0.126   1.624   1.679\n"
                                    "    5SOL    HW2    0   0.126   1.624   1.679\n"
                                    "   1.86206   1.86206   1.86206\n";
    topology                *made = read_text("ions.gro", text);

    (void)state;
    assert_symbols(made, "C H Ca Na Cl O H H");
    assert_int_equal(made->n_molecules, 5);
    topology_destroy(&made);
    refuse("virtual.gro",
           "TIP4P\n    1\n    1SOL     MW    1   0.126   1.624   1.679\n   1.0   1.0   1.0\n",
           COVARY_ERR_DATA, "line 3: no element can be told from the name 'MW'");
    refuse("short.gro",
           "a title that is as long as the line of an atom\n    2\n    1SOL     OW    1   0.126   "
           "1.624   1.679\n",
           COVARY_ERR_FORMAT, "the file ends after 1 of 2 atoms");
    refuse("many.gro", "many\n99999999999\n    1SOL     OW    1   0.126   1.624   1.679\n",
           COVARY_ERR_FORMAT, "line 2");
}

/* ---- PSF ---- */

#define PSF_TITLE "       1 !NTITLE\n REMARKS made by hand\n\n"

static const char *const psf_charmm =
    "PSF CMAP\n\n" PSF_TITLE "       4 !NATOM\n"
    "       1 WAT  1    TIP3 OH2    75  -0.834000       15.9994           0   0.00000     "
    "-0.301140E-02\n"
    "       2 WAT  1    TIP3 H1      4   0.417000       1.00800           0   0.00000     "
    "-0.301140E-02\n"
    "       3 WAT  1    TIP3 H2      4   0.417000       1.00800           0   0.00000     "
    "-0.301140E-02\n"
    "       4 ION  2    SOD  SOD    93    1.00000       22.9898           0   0.00000     "
    "-0.301140E-02\n"
    "\n       3 !NBOND: bonds\n"
    "       1       2       1       3       2       3\n\n       0 !NTHETA: angles\n\n";

static const char *const psf_xplor_extended =
    "PSF EXT XPLOR\n\n" PSF_TITLE "         4 !NATOM\n"
    "         1          1        TIP3     OH2      OT    -0.834000       15.9994           0\n"
    "         2          1        TIP3     H1       HT     0.417000       1.00800           0\n"
    "         3          1        TIP3     H2       HT     0.417000       1.00800           0\n"
    "         4 IONS     2        SOD      SOD      SOD     1.00000       22.9898           0\n"
    "\n         3 !NBOND: bonds\n"
    "         1         2         1         3         2         3\n";

static const char *const psf_namd =
    "PSF NAMD\n\n" PSF_TITLE "4 !NATOM\n"
    "1 W 1 TIP3P OH2longname OT -0.834 15.9994 0\n2 W 1 TIP3P H1 HT 0.417 1.008 0\n"
    "3 W 1 TIP3P H2 HT 0.417 1.008 0\n4 I 2 SOD SOD SOD 1 22.9898 0\n"
    "\n3 !NBOND: bonds\n1 2 1 3 2 3\n";

static void psf_of_all_programs_is_read(void **state)
{
    const char *const texts[] = {psf_charmm, psf_xplor_extended, psf_namd};

    (void)state;
    for (int i = 0; i < 3; i++) {
        topology *made = read_text("water.psf", texts[i]);
        assert_symbols(made, "O H H Na");
        assert_true(made->bonded);
        assert_int_equal(made->n_bonds, 3);
        assert_int_equal(made->n_molecules, 2);
        assert_near(made->charges[0], -0.834, 1e-12);
        assert_near(made->charges[3], 1.0, 1e-12);
        assert_near(made->masses[0], 15.9994, 1e-12);
        topology_destroy(&made);
    }
}

/* One atom of a name and a mass. */
static const char *psf_atom(const char *name, double mass)
{
    static char text[512];

    snprintf(text, sizeof text, "PSF NAMD\n\n1 !NATOM\n1 A 1 LIG %s X 0.0 %.4f 0\n\n0 !NBOND\n",
             name, mass);
    return text;
}

static void masses_and_names_decide_together(void **state)
{
    static const struct {
        const char *name;
        double      mass;
        const char *symbol;
    } known[] = {
        {"CA", 12.011, "C"},  {"CAL", 40.08, "Ca"}, {"CLA", 35.45, "Cl"}, {"HE1", 4.0, "H"},
        {"HA", 3.024, "H"},   {"CB", 5.963, "C"},   {"N", 11.991, "N"},   {"POT", 39.098, "K"},
        {"HG", 200.59, "Hg"}, {"CES", 132.9, "Cs"}, {"SG", 32.06, "S"},   {"X1", 55.847, "Fe"},
        {"D1", 2.014, "H"},   {"C1", 11.611, "C"},  {"NE", 14.007, "N"},  {"SOD", 22.9898, "Na"}};

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        topology *made = read_text("one.psf", psf_atom(known[i].name, known[i].mass));
        assert_symbols(made, known[i].symbol);
        topology_destroy(&made);
    }
    refuse("one.psf", psf_atom("CH2", 14.027), COVARY_ERR_DATA, "a carbon with its hydrogens");
    refuse("one.psf", psf_atom("OM", 0.0), COVARY_ERR_DATA, "line 4: 'OM' has a mass of 0 u");
    refuse("one.psf", psf_atom("X1", 5.0), COVARY_ERR_DATA, "no element can be told");
}

static void malformed_psf_is_refused(void **state)
{
    (void)state;
    refuse("bad.psf", "PSF\n\n       2 !NATOM\n       1 A    1    B    C    D   0.0\n",
           COVARY_ERR_FORMAT, "line 4");
    refuse("bad.psf", "PSF\n\n900000000000 !NATOM\n", COVARY_ERR_FORMAT, "too short for !NATOM");
    refuse("bad.psf", "PSF\n\n", COVARY_ERR_FORMAT, "there is no section !NATOM");
    refuse("bad.psf", "PSF NAMD\n\n1 !NATOM\n1 A 1 LIG C C 0 12.011\n\n1 !NBOND\n1 2\n",
           COVARY_ERR_FORMAT, "line 7: pairs of atoms from 1 to 1");
    refuse("bad.psf", "PSF NAMD\n\n1 !NATOM\n1 A 1 LIG C C 0 12.011\n\n1 !NBOND\n1\n",
           COVARY_ERR_FORMAT, "line 7");
}

/* ---- extended XYZ ---- */

static void extxyz_has_masses_and_charges(void **state)
{
    topology *made =
        read_text("top.xyz", "2\nProperties=species:S:1:pos:R:3:masses:R:1:initial_charges:R:1\n"
                             "O 0 0 0 17.999 -1\nH 0 0 1 2.014 0.5\n"
                             "2\nProperties=species:S:1:pos:R:3\nC 0 0 0\nC 0 0 1\n");

    (void)state;
    assert_symbols(made, "O H");
    assert_near(made->masses[0], 17.999, 1e-12);
    assert_near(made->charges[1], 0.5, 1e-12);
    topology_destroy(&made);
    made = read_text("plain.xyz", "2\n\nO 0 0 0\nH 0 0 1\n");
    assert_null(made->charges);
    assert_near(made->masses[1], 1.008, 1e-12);
    topology_destroy(&made);
    refuse("bad.xyz", "2\n\nO 0 0 0\nQq 0 0 1\n", COVARY_ERR_FORMAT, "frame 1");
}

static void what_is_no_topology_is_refused(void **state)
{
    topology *made = NULL;

    (void)state;
    refuse("notes.txt", "some words\nand more\n", COVARY_ERR_FORMAT, "give PDB, GRO, PSF");
    refuse("empty.pdb", "", COVARY_ERR_FORMAT, "no ATOM or HETATM");
    assert_int_equal(topology_read(test_run(), "/nowhere/x.pdb", &made), COVARY_ERR_IO);
    assert_message("cannot open");
    assert_int_equal(topology_read(test_run(), "/tmp", &made), COVARY_ERR_IO);
}

/* Cut anywhere, a file is read or refused, never worse. */
static void truncated_files_do_no_harm(void **state)
{
    char text[4096];

    (void)state;
    for (size_t length = 0; length < strlen(psf_charmm); length += 7) {
        topology *made = NULL;
        memcpy(text, psf_charmm, length);
        text[length] = '\0';
        if (topology_read(test_run(), save("cut.psf", text), &made) == COVARY_OK) {
            assert_int_equal(made->n_atoms, 4);
            assert_int_equal(made->n_bonds, 3);
        }
        topology_destroy(&made);
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(pdb_names_are_read_with_their_columns),
    cmocka_unit_test(pdb_columns_of_elements_win),
    cmocka_unit_test(pdb_bonds_follow_unique_serials),
    cmocka_unit_test(cells_are_read),
    cmocka_unit_test(trajectories_take_the_cell),
    cmocka_unit_test(written_files_are_read),
    cmocka_unit_test(gro_tells_ions_from_carbons),
    cmocka_unit_test(psf_of_all_programs_is_read),
    cmocka_unit_test(masses_and_names_decide_together),
    cmocka_unit_test(malformed_psf_is_refused),
    cmocka_unit_test(extxyz_has_masses_and_charges),
    cmocka_unit_test(what_is_no_topology_is_refused),
    cmocka_unit_test(truncated_files_do_no_harm),
};

TEST_MAIN(cases)
