/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keys of a configuration: one list for the help and the checks, one schema for libcyaml.
 *
 * The help text is put together by the preprocessor, so it can neither differ from the list nor
 * need memory of its own.
 */
#include "core/config_schema.h"

#include <float.h>
#include <string.h>

#define BELOW_ONE   (1.0 - DBL_EPSILON / 2.0)
#define MOST_FRAMES 2147483647 /* ScaLAPACK counts rows in 32-bit integers */

#define UNIT(name) "; unit: " name
#define NO_UNIT    ""
#define KINDS                                                                                      \
    "scalar | vector | axial-vector | symmetric-tensor | tensor | symmetric-tensor-3 | tensor-3 "  \
    "| symmetric-tensor-4"

/* key, type, domain, low, high, default, unit, meaning */
#define CONFIG_KEY_LIST(X)                                                                         \
    X("data.train", KEY_PATH, "a file or a list of files", 0, 0, "required", NO_UNIT,              \
      "Labelled frames to learn from. Relative to the folder of the configuration.")               \
    X("data.validation", KEY_PATH, "a file or a list of files", 0, 0, "-", NO_UNIT,                \
      "Labelled frames that nothing is learned from, for selection.criterion validation.")         \
    X("properties[].name", KEY_NAME, "letters, digits, '_', '-' and '.'", 0, 0, "required",        \
      NO_UNIT, "Name of the property in the model, the annotation and the reports; unique.")       \
    X("properties[].kind", KEY_TEXT, KINDS, 0, 0, "required", NO_UNIT,                             \
      "How the property turns; tensors have rank 2 or that of their name (hyperpolarizability: "   \
      "3).")                                                                                       \
    X("properties[].unit", KEY_TEXT, "a unit such as e*bohr, debye, bohr^3 or none", 0, 0,         \
      "required", NO_UNIT, "Unit of the labels, and of the predictions.")                          \
    X("properties[].key", KEY_TEXT, "a label key", 0, 0, "-", NO_UNIT,                             \
      "Label key in the files, if it is neither the name nor one of its usual aliases.")           \
    X("properties[].per_atom", KEY_FLAG, "true | false", 0, 0, "false", NO_UNIT,                   \
      "One value an atom instead of one a molecule.")                                              \
    X("properties[].charge", KEY_NUMBER, "a number", -DBL_MAX, DBL_MAX, "0", UNIT("e"),            \
      "Charge of the molecule: the dipole of an ion depends on the origin.")                       \
    X("properties[].origin", KEY_TEXT, "center-of-mass | center-of-nuclear-charge | \"x y z\"", 0, \
      0, "center-of-mass", UNIT("angstrom"),                                                       \
      "Origin of an ion's dipole in the labels and the predictions.")                              \
    X("properties[].phase", KEY_CHOICE, "fixed | arbitrary", 0, 0, "fixed", NO_UNIT,               \
      "Whether the sign of the labels means something, or is arbitrary in every frame, as that\n"  \
      "      of nonadiabatic couplings and transition dipoles.")                                   \
    X("properties[].gap", KEY_TEXT, "the name of a scalar property", 0, 0, "-", NO_UNIT,           \
      "Energy gap by which the labels diverge: their product with it is learned.")                 \
    X("masses[].element", KEY_TEXT, "a chemical symbol", 0, 0, "-", NO_UNIT,                       \
      "Element whose atoms all get this mass; either this or atom.")                               \
    X("masses[].atom", KEY_INTEGER, "a whole number from 1", 1, MOST_FRAMES, "-", NO_UNIT,         \
      "The one atom that gets this mass, counted from 1; either this or element.")                 \
    X("masses[].mass", KEY_NUMBER, "a number above 0", 0, DBL_MAX, "required", UNIT("u"),          \
      "Mass in place of the standard one, e.g. 2.014 for deuterium.")                              \
    X("representation.basis", KEY_CHOICE, "auto | gram | eckart | inertia", 0, 0, "auto", NO_UNIT, \
      "What turns with the molecule: products of the positions of its atoms (gram), Eckart\n"      \
      "      axes of the reference, or principal axes of inertia; auto: for each irrep the one\n"  \
      "      of least leave-one-out error, axes only if they are clearly better than gram.")       \
    X("representation.axes", KEY_CHOICE, "improper | proper", 0, 0, "improper", NO_UNIT,           \
      "Whether mirror images are the same molecule. Improper axes may be left-handed; where a\n"   \
      "      molecule passes a plane, Eckart axes are proper and averaged over the mirror "        \
      "image,\n"                                                                                   \
      "      which couples components (3 N rows for a vector); proper axes keep N.")               \
    X("representation.signs", KEY_CHOICE, "matched | group | raw", 0, 0, "matched", NO_UNIT,       \
      "Directions of the inertia axes: those that fit the reference best, all of them as a\n"      \
      "      group that the kernel is averaged over (always so where the basis is auto), or\n"     \
      "      (for comparison only) as the eigensolver leaves them.")                               \
    X("representation.weights", KEY_CHOICE, "auto | masses", 0, 0, "auto", NO_UNIT,                \
      "Weights of the atoms in the inertia axes: masses, or those that keep the moments\n      "   \
      "apart in all training frames where masses do not.")                                         \
    X("representation.reference", KEY_PATH, "auto | a file", 0, 0, "auto", NO_UNIT,                \
      "File whose first frame is the reference structure; auto takes it from the training "        \
      "frames.")                                                                                   \
    X("representation.references", KEY_INTEGER, "auto | a whole number from 1 to 8", 1, 8, "1",    \
      NO_UNIT,                                                                                     \
      "Number of references whose Eckart axes are blended; auto takes as many as a\n      "        \
      "floppy molecule needs. With the basis auto, one and as many as needed are compared.")       \
    X("representation.descriptor", KEY_WORDS, "auto | a descriptor | a list of them", 0, 0,        \
      "auto", NO_UNIT,                                                                             \
      "Invariant features, put side by side: distances, inverse-distances,\n      "                \
      "exponential-distances, relative-to-equilibrium, coulomb, cartesians; auto: for gram\n"      \
      "      the best of distances alone, with exponential-distances and with\n"                   \
      "      inverse-distances; for axes cartesians and distances.")                               \
    X("representation.scaling", KEY_CHOICE, "auto | standardize | none", 0, 0, "auto", NO_UNIT,    \
      "Scaling of the features: to mean 0 and variance 1, or left alone; auto compares.")          \
    X("representation.symmetry", KEY_CYCLES,                                                       \
      "auto | none | a permutation such as \"(1 2)(3 4)\" | a list of them", 0, 0, "auto",         \
      NO_UNIT,                                                                                     \
      "Permutations of equivalent atoms that the kernel is averaged over, with all their\n      "  \
      "products; atoms are counted from 1. auto: those that the training frames realize,\n"        \
      "      unless an irrep is learned clearly better without.")                                  \
    X("kernel.type", KEY_TEXT, "auto | a kernel", 0, 0, "auto", NO_UNIT,                           \
      "gaussian, laplacian, matern-3/2, matern-5/2, linear or polynomial; auto: gaussian or\n"     \
      "      matern-5/2, whichever has the smaller leave-one-out error for an irrep.")             \
    X("kernel.length", KEY_NUMBER, "auto | a number above 0", 0, DBL_MAX, "auto",                  \
      UNIT("of the scaled features"),                                                              \
      "Length scale; auto searches it by the criterion of selection.")                             \
    X("kernel.degree", KEY_INTEGER, "a whole number from 1 to 20", 1, 20, "2", NO_UNIT,            \
      "Degree of the polynomial kernel.")                                                          \
    X("ridge", KEY_NUMBER,                                                                         \
      "auto | a number above 0 (at 0, equal frames make the kernel singular)", 0, DBL_MAX, "auto", \
      UNIT("relative to a kernel with k(x, x) = 1"),                                               \
      "Regularization on the kernel's diagonal; auto searches it in the same way.")                \
    X("selection.criterion", KEY_CHOICE, "leave-one-out | k-fold | validation | likelihood", 0, 0, \
      "leave-one-out", NO_UNIT,                                                                    \
      "What automatic choices make smallest: the errors of frames left out of the fit, one at a\n" \
      "      time or a fold at a time, those of the frames of data.validation, or the standard\n"  \
      "      deviations of a Gaussian process that gives the labels the largest marginal\n"        \
      "      likelihood.")                                                                         \
    X("selection.folds", KEY_INTEGER, "a whole number from 2 to 1000", 2, 1000, "5", NO_UNIT,      \
      "Folds of the criterion k-fold.")                                                            \
    X("selection.blocks", KEY_CHOICE, "random | time", 0, 0, "random", NO_UNIT,                    \
      "Frames of a fold: any, or those of one piece of the training frames in their order, for\n"  \
      "      trajectories whose neighbouring frames are alike.")                                   \
    X("selection.frames", KEY_INTEGER, "a whole number from 2", 2, MOST_FRAMES, "1000",            \
      UNIT("frames"), "Largest subset on which the automatic choices are made.")                   \
    X("selection.seconds", KEY_NUMBER, "a number above 0", 0, DBL_MAX, "120",                      \
      UNIT("seconds of one core of 10 Gflop/s"),                                                   \
      "Budget of the automatic choices; counted in operations, so that they depend neither on\n"   \
      "      the machine nor on the number of ranks.")                                             \
    X("uncertainty", KEY_CHOICE, "none | std | covariance", 0, 0, "std", NO_UNIT,                  \
      "What predictions say of their own error: nothing, the standard deviation of each\n"         \
      "      component, or the covariance of all (up to rank 2; else std).")                       \
    X("uncertainty_frames", KEY_INTEGER, "auto | a whole number from 1", 1, MOST_FRAMES, "auto",   \
      UNIT("frames"),                                                                              \
      "Training frames that it is found from; auto: so many that they double the operations\n"     \
      "      of a prediction. All of them give the exact variance of the Gaussian process.")       \
    X("solver.type", KEY_CHOICE, "auto | cholesky | iterative | low-rank", 0, 0, "auto", NO_UNIT,  \
      "cholesky factors the kernel matrix, in memory N^2: exact weights, and leave-one-out\n"      \
      "      errors that may be exact. iterative finds the same weights without the matrix, by\n"  \
      "      preconditioned conjugate gradients, and estimates leave-one-out errors. low-rank\n"   \
      "      puts weights on inducing frames only, in memory N m: another model, of smaller\n"     \
      "      files and faster predictions. auto: cholesky if it fits the memory and is as fast\n"  \
      "      as iterative, or takes up to five times as long for exact leave-one-out errors;\n"    \
      "      else iterative; low-rank, with a warning, if only that fits.")                        \
    X("solver.leave_one_out", KEY_CHOICE, "auto | exact | estimated", 0, 0, "auto", NO_UNIT,       \
      "Leave-one-out errors of all frames, or estimated from those of a sample of frames, with\n"  \
      "      a standard error: all of them cost as much as a factorization. auto: exact up to\n"   \
      "      4000 rows and by the solver low-rank, else estimated. Searches are always exact.")    \
    X("solver.tolerance", KEY_NUMBER, "auto | a number above 0 and below 1", 0, BELOW_ONE, "auto", \
      NO_UNIT,                                                                                     \
      "Residual at which the solver iterative ends, relative to the targets; auto is 1e-6,\n"      \
      "      with which errors of predictions are those of the exact weights to 4 digits.")        \
    X("solver.rank", KEY_INTEGER, "auto | a whole number from 1", 1, MOST_FRAMES, "auto",          \
      UNIT("rows"),                                                                                \
      "Rank of the preconditioner of the solver iterative; auto weighs its cost against the\n"     \
      "      steps that it saves.")                                                                \
    X("solver.inducing", KEY_INTEGER, "auto | a whole number from 1", 1, MOST_FRAMES, "auto",      \
      UNIT("frames"),                                                                              \
      "Inducing frames of the solver low-rank; auto takes as many as the ridge can tell apart,\n"  \
      "      at most a quarter of the training frames, not below 1000 nor above 10000.")           \
    X("solver.memory", KEY_NUMBER, "auto | a number above 0", 0, DBL_MAX, "auto",                  \
      UNIT("GiB of a rank"),                                                                       \
      "Memory that a rank may use; auto: its share of nine tenths of its node's.")                 \
    X("solver.block", KEY_INTEGER, "auto | a whole number from 0 to 65536", 0, 65536, "auto",      \
      UNIT("rows"), "Block of the block-cyclic layout; 0 is auto.")                                \
    X("solver.grid", KEY_SHAPE, "auto | rows x columns such as 2x3", 0, 0, "auto", NO_UNIT,        \
      "Grid of processes of the block-cyclic layout; the product is the number of ranks.")         \
    X("solver.factorization", KEY_CHOICE, "native | scalapack", 0, 0, "native", NO_UNIT,           \
      "What factors and inverts matrices: Covary's own routines, or ScaLAPACK for comparison.")    \
    X("solver.precision", KEY_CHOICE, "auto | double | mixed", 0, 0, "auto", NO_UNIT,              \
      "What the solver cholesky factors in: mixed takes half the time and memory, in single\n"     \
      "      precision after some frames are eliminated in double; refinement makes the weights\n" \
      "      exact, and leave-one-out errors are estimated. auto: mixed above 4000 rows unless\n"  \
      "      leave-one-out errors are to be exact, double where rounding would show.")             \
    X("solver.checkpoint", KEY_CHOICE, "auto | none", 0, 0, "auto", NO_UNIT,                       \
      "Whether a fit that takes long or is stopped by a signal keeps its state beside the\n"       \
      "      output, in OUTPUT.checkpoint, from which the same command goes on.")                  \
    X("solver.checkpoint_minutes", KEY_NUMBER, "a number above 0", 0, DBL_MAX, "10",               \
      UNIT("minutes"), "Time between two checkpoints, and before the first.")                      \
    X("machine.dgemm", KEY_NUMBER, "auto | a number above 0", 0, DBL_MAX, "auto",                  \
      UNIT("Gflop/s of a rank"),                                                                   \
      "What --dry-run reckons with, to plan for another machine: products of matrices, while\n"    \
      "      all cores of a node work; auto: measured.")                                           \
    X("machine.engine", KEY_NUMBER, "auto | a number above 0", 0, DBL_MAX, "auto",                 \
      UNIT("Gflop/s of a rank"),                                                                   \
      "Kernel values, an exponential counted as 28 flop; auto: measured.")                         \
    X("machine.memory_bandwidth", KEY_NUMBER, "auto | a number above 0", 0, DBL_MAX, "auto",       \
      UNIT("GB/s of a rank"), "From and to memory; auto: measured.")                               \
    X("machine.latency", KEY_NUMBER, "auto | a number above 0", 0, DBL_MAX, "auto",                \
      UNIT("microseconds"), "A message; auto: measured, and 2 on one rank and beyond one node.")   \
    X("machine.network_bandwidth", KEY_NUMBER, "auto | a number above 0", 0, DBL_MAX, "auto",      \
      UNIT("GB/s of a rank"),                                                                      \
      "The network, while all ranks of a node send; auto: measured, and 1 in these cases.")        \
    X("machine.cores", KEY_NUMBER, "auto | a number above 0", 0, 1e6, "auto",                      \
      UNIT("cores of a node"), "Cores, which are the ranks that a node is given; auto: measured.") \
    X("machine.memory", KEY_NUMBER, "auto | a number above 0", 0, DBL_MAX, "auto",                 \
      UNIT("GiB of a node"), "Memory that the ranks of a node share; auto: measured.")             \
    X("molecules", KEY_CHOICE, "none | auto", 0, 0, "none", NO_UNIT,                               \
      "What predict takes frames as, unless its --molecules says otherwise: the molecule alone,\n" \
      "      or a box that holds it any number of times (auto). The fit does not depend on it.")   \
    X("output", KEY_PATH, "a file", 0, 0, "<name of the configuration>.model.h5", NO_UNIT,         \
      "Model file. Without the key it goes into the working directory.")

const config_key *config_key_table(void)
{
#define CONFIG_KEY_ENTRY(...) {__VA_ARGS__},
    static const config_key table[] = {
        CONFIG_KEY_LIST(CONFIG_KEY_ENTRY){NULL, KEY_TEXT, NULL, 0, 0, NULL, NULL, NULL}};
#undef CONFIG_KEY_ENTRY

    return table;
}

const config_key *config_key_find(const char *pattern)
{
    const config_key *entry = config_key_table();

    while (entry->key != NULL && strcmp(entry->key, pattern) != 0) {
        entry++;
    }
    return entry->key == NULL ? NULL : entry;
}

const char *covary_config_help(void)
{
#define CONFIG_KEY_HELP(key, type, domain, low, high, preset, measure, meaning)                    \
    "  " key "\n"                                                                                  \
    "      " meaning "\n"                                                                          \
    "      " domain "; default: " preset measure "\n"
    static const char                    help[] =
        "Keys of a configuration (YAML). Every key can also be given as --set KEY=VALUE, with the\n"
        "number of an element, from 0, in place of []: --set properties.0.unit=debye.\n"
        "Below each key what it does, what it may be, and what it is otherwise (-: nothing).\n"
        "\n" CONFIG_KEY_LIST(CONFIG_KEY_HELP);
#undef CONFIG_KEY_HELP

    return help;
}

/* The schema for libcyaml, from the inner sections to the whole. */

#define TEXT_FIELD(key, flags, structure, member)                                                  \
    CYAML_FIELD_STRING_PTR(key, flags, structure, member, 0, CYAML_UNLIMITED)
#define LIST_FIELD(key, flags, structure, member, entry)                                           \
    CYAML_FIELD_SEQUENCE_COUNT(key, (flags) | CYAML_FLAG_POINTER, structure, member, n_##member,   \
                               entry, 1, CYAML_UNLIMITED)

enum { REQUIRED = CYAML_FLAG_DEFAULT, OPTIONAL = CYAML_FLAG_OPTIONAL };

static const cyaml_schema_value_t text_value = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED)};

static const cyaml_schema_field_t data_fields[] = {
    LIST_FIELD("train", REQUIRED, config_raw_data, train, &text_value),
    LIST_FIELD("validation", OPTIONAL, config_raw_data, validation, &text_value), CYAML_FIELD_END};

static const cyaml_schema_field_t property_fields[] = {
    TEXT_FIELD("name", REQUIRED, config_property, name),
    TEXT_FIELD("kind", REQUIRED, config_property, kind),
    TEXT_FIELD("unit", REQUIRED, config_property, unit),
    TEXT_FIELD("key", OPTIONAL, config_property, key),
    CYAML_FIELD_BOOL("per_atom", OPTIONAL, config_property, per_atom),
    CYAML_FIELD_FLOAT("charge", OPTIONAL, config_property, charge),
    TEXT_FIELD("origin", OPTIONAL, config_property, origin),
    TEXT_FIELD("phase", OPTIONAL, config_property, phase),
    TEXT_FIELD("gap", OPTIONAL, config_property, gap),
    CYAML_FIELD_END};
static const cyaml_schema_value_t property_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, config_property, property_fields)};

static const cyaml_schema_field_t mass_fields[] = {
    TEXT_FIELD("element", OPTIONAL, config_mass, element),
    CYAML_FIELD_INT("atom", OPTIONAL, config_mass, atom),
    CYAML_FIELD_FLOAT("mass", REQUIRED, config_mass, mass), CYAML_FIELD_END};
static const cyaml_schema_value_t mass_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, config_mass, mass_fields)};

static const cyaml_schema_field_t representation_fields[] = {
    TEXT_FIELD("basis", OPTIONAL, config_raw_representation, basis),
    TEXT_FIELD("axes", OPTIONAL, config_raw_representation, axes),
    TEXT_FIELD("signs", OPTIONAL, config_raw_representation, signs),
    TEXT_FIELD("weights", OPTIONAL, config_raw_representation, weights),
    TEXT_FIELD("reference", OPTIONAL, config_raw_representation, reference),
    TEXT_FIELD("references", OPTIONAL, config_raw_representation, references),
    LIST_FIELD("descriptor", OPTIONAL, config_raw_representation, descriptors, &text_value),
    TEXT_FIELD("scaling", OPTIONAL, config_raw_representation, scaling),
    LIST_FIELD("symmetry", OPTIONAL, config_raw_representation, permutations, &text_value),
    CYAML_FIELD_END};

static const cyaml_schema_field_t kernel_fields[] = {
    TEXT_FIELD("type", OPTIONAL, config_raw_kernel, type),
    TEXT_FIELD("length", OPTIONAL, config_raw_kernel, length),
    CYAML_FIELD_INT("degree", OPTIONAL, config_raw_kernel, degree), CYAML_FIELD_END};

static const cyaml_schema_field_t selection_fields[] = {
    TEXT_FIELD("criterion", OPTIONAL, config_raw_selection, criterion),
    CYAML_FIELD_INT("folds", OPTIONAL, config_raw_selection, folds),
    TEXT_FIELD("blocks", OPTIONAL, config_raw_selection, blocks),
    CYAML_FIELD_INT("frames", OPTIONAL, config_raw_selection, frames),
    CYAML_FIELD_FLOAT("seconds", OPTIONAL, config_raw_selection, seconds),
    CYAML_FIELD_END};

static const cyaml_schema_field_t solver_fields[] = {
    TEXT_FIELD("type", OPTIONAL, config_raw_solver, type),
    TEXT_FIELD("block", OPTIONAL, config_raw_solver, block),
    TEXT_FIELD("grid", OPTIONAL, config_raw_solver, grid),
    TEXT_FIELD("factorization", OPTIONAL, config_raw_solver, factorization),
    TEXT_FIELD("precision", OPTIONAL, config_raw_solver, precision),
    TEXT_FIELD("leave_one_out", OPTIONAL, config_raw_solver, leave_one_out),
    TEXT_FIELD("tolerance", OPTIONAL, config_raw_solver, tolerance),
    TEXT_FIELD("rank", OPTIONAL, config_raw_solver, rank),
    TEXT_FIELD("inducing", OPTIONAL, config_raw_solver, inducing),
    TEXT_FIELD("memory", OPTIONAL, config_raw_solver, memory),
    TEXT_FIELD("checkpoint", OPTIONAL, config_raw_solver, checkpoint),
    CYAML_FIELD_FLOAT("checkpoint_minutes", OPTIONAL, config_raw_solver, checkpoint_minutes),
    CYAML_FIELD_END};

static const cyaml_schema_field_t machine_fields[] = {
    TEXT_FIELD("dgemm", OPTIONAL, config_raw_machine, dgemm),
    TEXT_FIELD("engine", OPTIONAL, config_raw_machine, engine),
    TEXT_FIELD("memory_bandwidth", OPTIONAL, config_raw_machine, memory_bandwidth),
    TEXT_FIELD("latency", OPTIONAL, config_raw_machine, latency),
    TEXT_FIELD("network_bandwidth", OPTIONAL, config_raw_machine, network_bandwidth),
    TEXT_FIELD("cores", OPTIONAL, config_raw_machine, cores),
    TEXT_FIELD("memory", OPTIONAL, config_raw_machine, memory),
    CYAML_FIELD_END};

static const cyaml_schema_field_t fields[] = {
    CYAML_FIELD_MAPPING("data", REQUIRED, config_raw, data, data_fields),
    LIST_FIELD("properties", REQUIRED, config_raw, properties, &property_value),
    LIST_FIELD("masses", OPTIONAL, config_raw, masses, &mass_value),
    CYAML_FIELD_MAPPING("representation", OPTIONAL, config_raw, representation,
                        representation_fields),
    CYAML_FIELD_MAPPING("kernel", OPTIONAL, config_raw, kernel, kernel_fields),
    TEXT_FIELD("ridge", OPTIONAL, config_raw, ridge),
    CYAML_FIELD_MAPPING("selection", OPTIONAL, config_raw, selection, selection_fields),
    TEXT_FIELD("uncertainty", OPTIONAL, config_raw, uncertainty),
    TEXT_FIELD("uncertainty_frames", OPTIONAL, config_raw, uncertainty_frames),
    CYAML_FIELD_MAPPING("solver", OPTIONAL, config_raw, solver, solver_fields),
    CYAML_FIELD_MAPPING("machine", OPTIONAL, config_raw, machine, machine_fields),
    TEXT_FIELD("molecules", OPTIONAL, config_raw, molecules),
    TEXT_FIELD("output", OPTIONAL, config_raw, output),
    CYAML_FIELD_END};
static const cyaml_schema_value_t schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, config_raw, fields)};

const cyaml_schema_value_t *config_schema(void)
{
    return &schema;
}
