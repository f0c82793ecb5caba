/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Configurations: what is read, and that whatever is wrong is reported with its place, on every
 * rank alike.   ranks: 1 2 3
 */
#include "config_support.h"

#include "core/config_schema.h"
#include "core/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void minimal_file_gets_every_default(void **state)
{
    covary_config *config;
    char           path[512];

    (void)state;
    assert_ok(load(MINIMAL, NULL, 0, &config));
    snprintf(path, sizeof path, "%s/frames.xyz", test_scratch());
    assert_int_equal(config->n_train, 1);
    assert_string_equal(config->train[0], path);
    assert_int_equal(config->n_properties, 1);
    assert_string_equal(config->properties[0].name, "dipole");
    assert_string_equal(config->properties[0].kind, "vector");
    assert_string_equal(config->properties[0].unit, "e*bohr");
    assert_null(config->properties[0].key);
    assert_false(config->properties[0].per_atom);
    assert_true(config->properties[0].charge == 0.0);
    assert_string_equal(config->properties[0].origin, "center-of-mass");
    assert_string_equal(config->properties[0].phase, "fixed");
    assert_null(config->properties[0].gap);
    assert_int_equal(config->n_masses, 0);
    assert_string_equal(config->basis, "auto");
    assert_string_equal(config->handedness, "improper");
    assert_string_equal(config->signs, "matched");
    assert_string_equal(config->weights, "auto");
    assert_string_equal(config->reference, "auto");
    assert_int_equal(config->references, 1);
    assert_int_equal(config->n_descriptors, 0);
    assert_string_equal(config->scaling, "auto");
    assert_string_equal(config->symmetry, "auto");
    assert_int_equal(config->n_permutations, 0);
    assert_string_equal(config->kernel, "auto");
    assert_true(isnan(config->length));
    assert_int_equal(config->degree, 2);
    assert_true(isnan(config->ridge));
    assert_string_equal(config->solver, "auto");
    assert_true(isnan(config->memory) && isnan(config->machine.dgemm));
    assert_int_equal(config->block, 0);
    assert_int_equal(config->inducing, 0);
    assert_int_equal(config->grid_rows, 0);
    assert_int_equal(config->grid_cols, 0);
    assert_string_equal(config->factorization, "native");
    assert_int_equal(config->selection_frames, 1000);
    assert_true(config->selection_seconds == 120.0);
    assert_string_equal(config->checkpoint, "auto");
    assert_true(config->checkpoint_minutes == 10.0);
    assert_string_equal(config->output, "case.model.h5");
    covary_config_destroy(&config);
    assert_null(config);
    covary_config_destroy(&config);
}

static const char full[] =
    "# every key\n"
    "data:\n"
    "  train: [a.xyz, /b/c.xyz]\n"
    "properties:\n"
    "  - {name: mu.1, kind: vector, unit: debye, key: REF_dipole, charge: -1,\n"
    "     origin: 0.5 -1 2e-1}\n"
    "  - name: forces\n"
    "    kind: vector\n"
    "    unit: eV/angstrom\n"
    "    per_atom: true\n"
    "    phase: arbitrary\n"
    "    gap: gap\n"
    "  - {name: gap, kind: scalar, unit: eV}\n"
    "masses: [{element: H, mass: 2.014}, {atom: 3, mass: 18}]\n"
    "representation:\n"
    "  {basis: eckart, axes: proper, signs: raw, weights: masses, reference: ref.xyz,\n"
    "   references: 6, descriptor: coulomb, scaling: none,\n"
    "   symmetry: [(1 2)(3 4), ( 10  3 )]}\n"
    "kernel: {type: polynomial, length: 2.5, degree: 20}\n"
    "ridge: 1e-8\n"
    "solver:\n"
    "  {type: low-rank, block: 64, inducing: 300,\n"
    "   grid: 2x3, factorization: scalapack, checkpoint: none, checkpoint_minutes: 0.25}\n"
    "output: out/m.h5\n"
    "selection: {criterion: k-fold, folds: 7, blocks: time, frames: 2, seconds: 0.5}\n";

static void every_key_is_read(void **state)
{
    covary_config *config;
    char           path[512];

    (void)state;
    assert_ok(load(full, NULL, 0, &config));
    assert_int_equal(config->n_train, 2);
    assert_string_equal(config->train[1], "/b/c.xyz");
    assert_int_equal(config->n_properties, 3);
    assert_string_equal(config->properties[0].key, "REF_dipole");
    assert_true(config->properties[0].charge == -1.0);
    assert_string_equal(config->properties[0].origin, "0.5 -1 2e-1");
    assert_true(config->properties[1].per_atom);
    assert_string_equal(config->properties[1].phase, "arbitrary");
    assert_string_equal(config->properties[1].gap, "gap");
    assert_null(config->properties[2].gap);
    assert_int_equal(config->n_masses, 2);
    assert_string_equal(config->masses[0].element, "H");
    assert_int_equal(config->masses[0].atom, 0);
    assert_true(config->masses[0].mass == 2.014);
    assert_null(config->masses[1].element);
    assert_int_equal(config->masses[1].atom, 3);
    assert_string_equal(config->basis, "eckart");
    assert_string_equal(config->handedness, "proper");
    assert_string_equal(config->signs, "raw");
    assert_string_equal(config->weights, "masses");
    assert_int_equal(config->references, 6);
    snprintf(path, sizeof path, "%s/ref.xyz", test_scratch());
    assert_string_equal(config->reference, path);
    assert_int_equal(config->n_descriptors, 1);
    assert_string_equal(config->descriptors[0], "coulomb");
    assert_string_equal(config->scaling, "none");
    assert_string_equal(config->symmetry, "given");
    assert_int_equal(config->n_permutations, 2);
    assert_string_equal(config->permutations[0], "(1 2)(3 4)");
    assert_string_equal(config->permutations[1], "( 10  3 )");
    assert_string_equal(config->kernel, "polynomial");
    assert_true(config->length == 2.5);
    assert_int_equal(config->degree, 20);
    assert_true(config->ridge == 1e-8);
    assert_string_equal(config->solver, "low-rank");
    assert_int_equal(config->block, 64);
    assert_int_equal(config->inducing, 300);
    assert_int_equal(config->grid_rows, 2);
    assert_int_equal(config->grid_cols, 3);
    assert_string_equal(config->factorization, "scalapack");
    assert_string_equal(config->criterion, "k-fold");
    assert_int_equal(config->folds, 7);
    assert_string_equal(config->fold_blocks, "time");
    assert_int_equal(config->selection_frames, 2);
    assert_true(config->selection_seconds == 0.5);
    assert_string_equal(config->checkpoint, "none");
    assert_true(config->checkpoint_minutes == 0.25);
    snprintf(path, sizeof path, "%s/out/m.h5", test_scratch());
    assert_string_equal(config->output, path);
    covary_config_destroy(&config);
}

static void places_are_remembered(void **state)
{
    const char    *settings[] = {"ridge=1e-6"};
    covary_config *config;
    char           where[512];

    (void)state;
    assert_ok(load(full, settings, 1, &config));
    assert_int_equal(config_line(config, "data.train"), 3);
    assert_int_equal(config_line(config, "properties.0.origin"), 6);
    assert_int_equal(config_line(config, "properties.1"), 7);
    assert_int_equal(config_line(config, "properties.1.unit"), 9);
    assert_int_equal(config_line(config, "kernel.type"), 19);
    assert_int_equal(config_line(config, "ridge"), 0);
    assert_int_equal(config_line(config, "no.such.key"), 0);
    assert_string_equal(config_where(config, "ridge"), "--set ridge=1e-6");
    assert_string_equal(config_where(config, "no.such.key"), config->path);
    snprintf(where, sizeof where, "%s/case.yaml, line 7", test_scratch());
    assert_string_equal(config->properties[1].place, where);
    covary_config_destroy(&config);
}

static void settings_replace_add_and_append(void **state)
{
    const char    *settings[] = {"ridge=1e-3",
                                 "properties.0.unit=debye",
                                 "properties.1={name: alpha, kind: symmetric-tensor, unit: bohr^3}",
                                 "representation.descriptor=[cartesians, coulomb]",
                                 "representation.descriptor.2=distances",
                                 "data.train=here.xyz",
                                 "data.train.1=there.xyz",
                                 "masses.0.atom=2",
                                 "masses.0.mass=2.5",
                                 "kernel.type=linear",
                                 "output=m.h5"};
    covary_config *config;

    (void)state;
    assert_ok(load(MINIMAL, settings, 11, &config));
    assert_true(config->ridge == 1e-3);
    assert_string_equal(config->properties[0].unit, "debye");
    assert_string_equal(config->properties[0].kind, "vector");
    assert_int_equal(config->n_properties, 2);
    assert_string_equal(config->properties[1].name, "alpha");
    assert_string_equal(config->properties[1].origin, "center-of-mass");
    assert_int_equal(config->n_descriptors, 3);
    assert_string_equal(config->descriptors[1], "coulomb");
    assert_string_equal(config->descriptors[2], "distances");
    assert_int_equal(config->n_train, 2);
    assert_string_equal(config->train[0], "here.xyz"); /* of the working directory */
    assert_string_equal(config->train[1], "there.xyz");
    assert_int_equal(config->masses[0].atom, 2);
    assert_true(config->masses[0].mass == 2.5);
    assert_string_equal(config->kernel, "linear");
    assert_string_equal(config->output, "m.h5");
    covary_config_destroy(&config);
}

static void settings_alone_can_make_a_configuration(void **state)
{
    const char    *settings[] = {"data.train=a.xyz", "properties.0.name=mu",
                                 "properties.0.kind=vector", "properties.0.unit=debye"};
    covary_config *config;

    (void)state;
    assert_ok(load("# nothing yet\n", settings, 4, &config));
    assert_string_equal(config->properties[0].name, "mu");
    assert_string_equal(config->properties[0].place, "--set properties.0.name=mu");
    covary_config_destroy(&config);
}

static void kept_text_gives_the_same_configuration(void **state)
{
    const char    *settings[] = {"ridge=0.1", "data.train.0=x.xyz"};
    covary_config *first, *second;

    (void)state;
    assert_ok(load(full, settings, 2, &first));
    assert_ok(config_parse_text("m.h5", first->text, &second));
    assert_string_equal(second->text, first->text);
    assert_string_equal(second->train[0], "x.xyz");
    assert_string_equal(second->reference, first->reference);
    assert_string_equal(second->output, first->output);
    assert_true(second->ridge == 0.1 && second->length == 2.5);
    covary_config_destroy(&second);
    covary_config_destroy(&first);

    assert_ok(config_parse_text("m.h5", MINIMAL, &second));
    assert_string_equal(second->train[0], "frames.xyz");
    assert_null(second->output);
    covary_config_destroy(&second);
}

static void anchors_are_copies(void **state)
{
    const char    *settings[] = {"properties.0.unit=debye"};
    covary_config *config;
    char           path[512];

    (void)state;
    assert_ok(load("data: {train: &t t.xyz}\n"
                   "representation: {reference: *t}\n"
                   "properties:\n"
                   "  - {name: a, kind: &k vector, unit: &u e*bohr}\n"
                   "  - {name: b, kind: *k, unit: *u}\n",
                   settings, 1, &config));
    snprintf(path, sizeof path, "%s/t.xyz", test_scratch());
    assert_string_equal(config->train[0], path);
    assert_string_equal(config->reference, path);
    assert_string_equal(config->properties[0].unit, "debye");
    assert_string_equal(config->properties[1].unit, "e*bohr");
    covary_config_destroy(&config);
    refuse("data: &d {train: *d}\n", NULL,
           "case.yaml, line 1: the YAML is nested too deeply or refers");
}

static void unknown_keys_are_named_with_line_and_nearest(void **state)
{
    (void)state;
    refuse(
        MINIMAL "representation:\n  basis: inertia\n  desciptor: distances\n", NULL,
        "case.yaml, line 5: unknown key 'desciptor' in 'representation'; did you mean "
        "'descriptor'? Known keys: basis, axes, signs, weights, reference, references, descriptor, "
        "scaling, symmetry");
    refuse(MINIMAL "ridg: 1\n", NULL,
           "case.yaml, line 3: unknown key 'ridg'; did you mean 'ridge'? Known keys: data, ");
    refuse(MINIMAL "descriptor: distances\n", NULL,
           "case.yaml, line 3: unknown key 'descriptor'; did you mean "
           "'representation.descriptor'? Known keys: data, ");
    refuse("data: {train: a.xyz}\nproperties:\n  - {name: a, knd: vector}\n", NULL,
           "case.yaml, line 3: unknown key 'knd' in 'properties.0'; did you mean 'kind'?");
    refuse(MINIMAL "quantum_supremacy: 1\n", NULL,
           "case.yaml, line 3: unknown key 'quantum_supremacy'. Known keys: data, ");
    refuse(MINIMAL "? [a, b]\n: 1\n", NULL, "case.yaml, line 3: a key must be a word");
}

static void duplicate_keys_are_refused(void **state)
{
    (void)state;
    refuse(MINIMAL "ridge: 1\nkernel: {type: linear}\nridge: 2\n", NULL,
           "case.yaml, line 5: key 'ridge' is there twice, first in line 3");
    refuse(MINIMAL "kernel:\n  length: 1\n  length: 2\n", NULL,
           "case.yaml, line 5: key 'kernel.length' is there twice, first in line 4");
}

static void missing_keys_are_named(void **state)
{
    (void)state;
    refuse("", NULL, "case.yaml: missing key 'data.train' (a file or a list of files)");
    refuse("data: {}\n", NULL, "case.yaml, line 1: missing key 'data.train'");
    refuse("data: {train: a.xyz}\n", NULL, "case.yaml: missing key 'properties': a list with");
    refuse("data: {train: a.xyz}\nproperties:\n- {kind: vector, unit: debye}\n", NULL,
           "case.yaml, line 3: missing key 'properties.0.name'");
    refuse("data: {train: a.xyz}\nproperties:\n- {name: a, unit: debye}\n", NULL,
           "case.yaml, line 3: missing key 'properties.0.kind'");
    refuse("data: {train: a.xyz}\nproperties:\n- {name: a, kind: vector}\n", NULL,
           "case.yaml, line 3: missing key 'properties.0.unit'");
    refuse(MINIMAL "masses: [{atom: 1}]\n", NULL, "case.yaml, line 3: missing key 'masses.0.mass'");
    refuse(MINIMAL, "properties.1.name=a",
           "--set properties.1.name=a: missing key "
           "'properties.1.kind'");
}

static void values_of_the_wrong_type_are_named(void **state)
{
    (void)state;
    refuse(MINIMAL "ridge: small\n", NULL,
           "case.yaml, line 3: 'ridge' is 'small'; it must be auto | a number above 0");
    refuse(MINIMAL "ridge: [1, 2]\n", NULL, "case.yaml, line 3: 'ridge' is a list; it must be");
    refuse(MINIMAL "ridge: {a: 1}\n", NULL, "case.yaml, line 3: 'ridge' is a section with keys");
    refuse(MINIMAL "ridge:\n", NULL, "case.yaml, line 3: 'ridge' has no value; it must be");
    refuse(MINIMAL "ridge: ~\n", NULL, "case.yaml, line 3: 'ridge' has no value");
    refuse(MINIMAL "kernel: gaussian\n", NULL,
           "case.yaml, line 3: 'kernel' must be a section with keys, e.g. {type: ...}");
    refuse(MINIMAL "kernel: {degree: 2.5}\n", NULL,
           "case.yaml, line 3: 'kernel.degree' is '2.5'; it must be a whole number from 1 to 20");
    refuse(MINIMAL "kernel: {degree: 010}\n", NULL, "case.yaml, line 3: 'kernel.degree' is '010'");
    refuse(MINIMAL "kernel: {degree: 0x2}\n", NULL, "case.yaml, line 3: 'kernel.degree' is '0x2'");
    refuse(MINIMAL "output: \"a\\0b\"\n", NULL, "case.yaml, line 3: 'output' contains a zero byte");
    refuse("data: {train: []}\n", NULL, "case.yaml, line 1: 'data.train' is an empty list");
    refuse("data: {train: [a, [b]]}\n", NULL, "case.yaml, line 1: 'data.train.1' is a list");
    refuse("data: {train: }\n", NULL, "case.yaml, line 1: 'data.train' has no value");
    refuse("data: {train: a}\nproperties: [dipole]\n", NULL,
           "case.yaml, line 2: 'properties.0' must be a section with keys, e.g. {name: ...}");
    refuse("data: {train: a}\nproperties: [{name: a, kind: b, unit: c, per_atom: maybe}]\n", NULL,
           "case.yaml, line 2: 'properties.0.per_atom' is 'maybe'; it must be true | false");
}

static void numbers_out_of_range_are_refused(void **state)
{
    (void)state;
    refuse(MINIMAL "ridge: 0\n", NULL,
           "case.yaml, line 3: 'ridge' is '0'; it must be auto | a number above 0 (at 0, equal "
           "frames make the kernel singular)");
    refuse(MINIMAL "ridge: -1e-9\n", NULL, "case.yaml, line 3: 'ridge' is '-1e-9'");
    refuse(MINIMAL "ridge: .inf\n", NULL, "case.yaml, line 3: 'ridge' is '.inf'");
    refuse(MINIMAL "ridge: nan\n", NULL, "case.yaml, line 3: 'ridge' is 'nan'");
    refuse(MINIMAL "ridge: 1e999\n", NULL, "case.yaml, line 3: 'ridge' is '1e999'");
    refuse(MINIMAL "kernel: {length: 0}\n", NULL, "case.yaml, line 3: 'kernel.length' is '0'");
    refuse(MINIMAL "kernel: {degree: 0}\n", NULL, "case.yaml, line 3: 'kernel.degree' is '0'");
    refuse(MINIMAL "kernel: {degree: 21}\n", NULL, "case.yaml, line 3: 'kernel.degree' is '21'");
    refuse(MINIMAL "kernel: {degree: 99999999999999999999}\n", NULL,
           "case.yaml, line 3: 'kernel.degree' is '99999999999999999999'");
    refuse(MINIMAL "masses: [{atom: 1, mass: 0}]\n", NULL,
           "case.yaml, line 3: 'masses.0.mass' is '0'; it must be a number above 0");
    refuse(MINIMAL "masses: [{atom: 0, mass: 1}]\n", NULL,
           "case.yaml, line 3: 'masses.0.atom' is '0'; it must be a whole number from 1");
    refuse(MINIMAL "solver: {block: -1}\n", NULL, "case.yaml, line 3: 'solver.block' is '-1'");
    refuse(MINIMAL "solver: {inducing: 0}\n", NULL,
           "case.yaml, line 3: 'solver.inducing' is '0'; it must be auto | a whole number from 1");
    refuse(MINIMAL "solver: {grid: 2x}\n", NULL, "case.yaml, line 3: 'solver.grid' is '2x'");
    refuse(MINIMAL "solver: {grid: 0x2}\n", NULL, "case.yaml, line 3: 'solver.grid' is '0x2'");
    refuse(MINIMAL "solver: {grid: 4}\n", NULL, "case.yaml, line 3: 'solver.grid' is '4'");
    refuse(MINIMAL "solver: {factorization: magma}\n", NULL,
           "case.yaml, line 3: 'solver.factorization' is 'magma'");
}

static void choices_are_checked(void **state)
{
    (void)state;
    refuse(MINIMAL "representation: {basis: inertai}\n", NULL,
           "case.yaml, line 3: 'representation.basis' is 'inertai'; did you mean 'inertia'? It "
           "must be auto | gram | eckart | inertia");
    refuse(MINIMAL "representation: {basis: gramm}\n", NULL,
           "case.yaml, line 3: 'representation.basis' is 'gramm'; did you mean 'gram'?");
    refuse(MINIMAL "representation: {basis: inert}\n", NULL,
           "case.yaml, line 3: 'representation.basis' is 'inert'; did you mean 'inertia'?");
    refuse(MINIMAL "representation: {axes: left}\n", NULL,
           "case.yaml, line 3: 'representation.axes' is 'left'; it must be improper | proper");
    refuse(MINIMAL "representation: {signs: cooked}\n", NULL,
           "case.yaml, line 3: 'representation.signs' is 'cooked'");
    refuse(MINIMAL "representation: {weights: mases}\n", NULL,
           "case.yaml, line 3: 'representation.weights' is 'mases'; did you mean 'masses'?");
    refuse(MINIMAL "representation: {references: 9}\n", NULL,
           "case.yaml, line 3: 'representation.references' is '9'; it must be auto | a whole");
    refuse(MINIMAL "representation: {scaling: standardise}\n", NULL,
           "case.yaml, line 3: 'representation.scaling' is 'standardise'; did you mean "
           "'standardize'?");
    refuse(MINIMAL "solver: {type: cholesk}\n", NULL,
           "case.yaml, line 3: 'solver.type' is 'cholesk'; did you mean 'cholesky'?");
    refuse(MINIMAL "solver: {type: lowrank}\n", NULL,
           "case.yaml, line 3: 'solver.type' is 'lowrank'; did you mean 'low-rank'?");
    refuse(MINIMAL "solver: {inducing: 20}\n", NULL,
           "case.yaml, line 3: 'solver.inducing' is for the solver low-rank, but 'solver.type' is "
           "'auto'");
}

#define SIXTEEN "aaaaaaaaaaaaaaaa"

static void names_and_pairs_are_checked(void **state)
{
    (void)state;
    refuse("data: {train: a}\nproperties: [{name: a/b, kind: vector, unit: debye}]\n", NULL,
           "case.yaml, line 2: 'properties.0.name' is 'a/b'; it must be letters, digits,");
    refuse("data: {train: a}\nproperties: [{name: .a, kind: vector, unit: debye}]\n", NULL,
           "case.yaml, line 2: 'properties.0.name' is '.a'");
    refuse("data: {train: a}\nproperties: [{name: a_std, kind: vector, unit: debye}]\n", NULL,
           "case.yaml, line 2: 'properties.0.name' is 'a_std'; it must be another name");
    refuse("data: {train: a}\nproperties: [{name: a_covariance, kind: vector, unit: debye}]\n",
           NULL, "case.yaml, line 2: 'properties.0.name' is 'a_covariance'; it must be another");
    refuse("data: {train: a}\nproperties: [{name: " SIXTEEN SIXTEEN SIXTEEN SIXTEEN
           "x, kind: vector, unit: debye}]\n",
           NULL, "case.yaml, line 2: 'properties.0.name' is 'aaaaaaaa");
    refuse(MINIMAL, "properties.1={name: dipole, kind: vector, unit: debye}",
           "--set properties.1={name: dipole, kind: vector, unit: debye}: two properties are "
           "called 'dipole'");
    refuse(MINIMAL "masses: [{mass: 1}]\n", NULL,
           "case.yaml, line 3: 'masses.0' must have either 'element' or 'atom'");
    refuse(MINIMAL "masses: [{element: H, atom: 1, mass: 1}]\n", NULL,
           "case.yaml, line 3: 'masses.0' must have either 'element' or 'atom'");
    refuse(MINIMAL, "properties.0.origin=center-of-mas",
           "--set properties.0.origin=center-of-mas: 'properties.0.origin' is 'center-of-mas'; did "
           "you mean 'center-of-mass'?");
    refuse(MINIMAL, "properties.0.origin=1 2",
           "--set properties.0.origin=1 2: 'properties.0.origin' is '1 2'");
    refuse(MINIMAL, "properties.0.origin=1 2 3 4",
           "--set properties.0.origin=1 2 3 4: 'properties.0.origin' is '1 2 3 4'");
}

static void malformed_yaml_gives_its_line(void **state)
{
    (void)state;
    refuse("data: {train: a.xyz\nproperties: [\n", NULL, "case.yaml, line 2: malformed YAML: ");
    refuse("data: {train: a.xyz}\n\tridge: 1\n", NULL, "case.yaml, line 2: malformed YAML: ");
    refuse("data: {train: *nobody}\n", NULL,
           "case.yaml, line 1: malformed YAML: found undefined alias");
    refuse("data: 1\nridge: \xff\n", NULL, "case.yaml, line 2: malformed YAML: ");
    refuse("- data\n", NULL, "case.yaml, line 1: the file must hold keys with values");
    refuse(MINIMAL "---\n" MINIMAL, NULL, "case.yaml, line 3: a second YAML document begins");
}

static void wrong_settings_are_named(void **state)
{
    (void)state;
    refuse(MINIMAL, "ridg=1", "--set ridg=1: unknown key 'ridg'; did you mean 'ridge'?");
    refuse(MINIMAL, "kernel.lenght=1",
           "--set kernel.lenght=1: unknown key 'lenght' in 'kernel'; did you mean 'length'?");
    refuse(MINIMAL, "properties.0.knd=a",
           "--set properties.0.knd=a: unknown key 'knd' in 'properties.0'; did you mean 'kind'?");
    refuse(MINIMAL, "properties.5.unit=a",
           "--set properties.5.unit=a: 'properties' is a list of 1: write a number from 0 to 1");
    refuse(MINIMAL, "properties.unit=a", "--set properties.unit=a: 'properties' is a list of 1");
    refuse(MINIMAL, "ridge.x=1", "--set ridge.x=1: 'ridge' has no keys of its own");
    refuse(MINIMAL, "data.train.0.x=1",
           "--set data.train.0.x=1: the elements of 'data.train' have no keys");
    refuse(MINIMAL, "ridge", "--set ridge: write it as KEY=VALUE");
    refuse(MINIMAL, "=1", "--set =1: write it as KEY=VALUE");
    refuse(MINIMAL, "ridge=", "--set ridge=: there is no value");
    refuse(MINIMAL, "ridge=[1", "--set ridge=[1: malformed YAML: ");
    refuse(MINIMAL, "ridge=0", "--set ridge=0: 'ridge' is '0'; it must be");
    refuse(MINIMAL, "data..train=a", "--set data..train=a: unknown key '' in 'data'");
    refuse(MINIMAL "kernel: gaussian\n", "kernel.type=linear",
           "--set kernel.type=linear: a section with keys of its own belongs here");
}

static void unreadable_file_fails_alike_on_every_rank(void **state)
{
    covary_config *config;
    char           path[512], root[2048];

    (void)state;
    snprintf(path, sizeof path, "%s/no-such.yaml", test_scratch());
    assert_int_equal(covary_config_load(test_run(), path, NULL, 0, &config), COVARY_ERR_IO);
    assert_null(config);
    assert_message("cannot open the configuration");
    assert_message("no-such.yaml: No such file or directory");
    snprintf(root, sizeof root, "%s", covary_status_message());
    MPI_Bcast(root, sizeof root, MPI_CHAR, 0, covary_run_comm(test_run()));
    assert_string_equal(root, covary_status_message());

    assert_int_equal(covary_config_load(test_run(), test_scratch(), NULL, 0, &config),
                     COVARY_ERR_IO);
    assert_message("cannot read the configuration");
}

/* Walk through the agreements of a load: whichever rank fails, all report it. */
static void fault_at_any_agreement_reaches_every_rank(void **state)
{
    const int      n_ranks = covary_run_size(test_run());
    char           fault[32], path[512];
    covary_status  status = COVARY_ERR_INTERNAL;
    covary_config *config;
    covary_run    *run;
    int            n_faults = 0;

    (void)state;
    assert_ok(load(MINIMAL, NULL, 0, &config));
    snprintf(path, sizeof path, "%s", config->path);
    covary_config_destroy(&config);
    for (int rank = 0; rank < n_ranks; rank++) {
        for (int agreement = 1; agreement < 20; agreement++) {
            snprintf(fault, sizeof fault, "%d:%d", agreement, rank);
            setenv("COVARY_FAULT", fault, 1);
            status = covary_run_create(MPI_COMM_WORLD, NULL, &run);
            unsetenv("COVARY_FAULT");
            if (status == COVARY_OK) {
                status = covary_config_load(run, path, NULL, 0, &config);
                covary_run_destroy(&run);
            }
            if (status == COVARY_OK) {
                covary_config_destroy(&config);
                break;
            }
            assert_int_equal(status, COVARY_ERR_INTERNAL);
            assert_message("fault injected");
            n_faults++;
        }
        assert_ok(status);
    }
    assert_true(n_faults >= 3 * n_ranks);
}

static void byte_order_marks_and_crlf_are_read(void **state)
{
    covary_config *config;

    (void)state;
    assert_ok(load("\xef\xbb\xbf"
                   "data: {train: a.xyz}\r\nridge: 0.5\r\nproperties:\r\n"
                   "  - {name: mu, kind: vector, unit: debye}\r\n",
                   NULL, 0, &config));
    assert_true(config->ridge == 0.5);
    assert_int_equal(config_line(config, "properties.0.unit"), 4);
    covary_config_destroy(&config);
}

/* Tell the help, and thereby the table of keys, of one more key found in the schema. */
static void visit_schema(const cyaml_schema_value_t *schema, const char *pattern, int *n_keys)
{
    char path[128], line[160];

    if (schema->type == CYAML_MAPPING) {
        for (const cyaml_schema_field_t *f = schema->mapping.fields; f->key != NULL; f++) {
            snprintf(path, sizeof path, "%s%s%s", pattern, *pattern != '\0' ? "." : "", f->key);
            visit_schema(&f->value, path, n_keys);
        }
    } else if (schema->type == CYAML_SEQUENCE && schema->sequence.entry->type == CYAML_MAPPING) {
        snprintf(path, sizeof path, "%s[]", pattern);
        visit_schema(schema->sequence.entry, path, n_keys);
    } else {
        (*n_keys)++;
        snprintf(line, sizeof line, "\n  %s\n", pattern);
        if (config_key_find(pattern) == NULL || strstr(covary_config_help(), line) == NULL) {
            fail_msg("the key %s of the schema is not in the help", pattern);
        }
    }
}

static void help_and_schema_have_the_same_keys(void **state)
{
    int n_schema = 0, n_table = 0;

    (void)state;
    visit_schema(config_schema(), "", &n_schema);
    for (const config_key *entry = config_key_table(); entry->key != NULL; entry++) {
        n_table++;
        assert_true(strlen(entry->meaning) > 10);
        assert_true(strlen(entry->domain) > 0 && strlen(entry->preset) > 0);
    }
    assert_int_equal(n_schema, n_table);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(minimal_file_gets_every_default),
    cmocka_unit_test(every_key_is_read),
    cmocka_unit_test(places_are_remembered),
    cmocka_unit_test(settings_replace_add_and_append),
    cmocka_unit_test(settings_alone_can_make_a_configuration),
    cmocka_unit_test(kept_text_gives_the_same_configuration),
    cmocka_unit_test(anchors_are_copies),
    cmocka_unit_test(unknown_keys_are_named_with_line_and_nearest),
    cmocka_unit_test(duplicate_keys_are_refused),
    cmocka_unit_test(missing_keys_are_named),
    cmocka_unit_test(values_of_the_wrong_type_are_named),
    cmocka_unit_test(numbers_out_of_range_are_refused),
    cmocka_unit_test(choices_are_checked),
    cmocka_unit_test(names_and_pairs_are_checked),
    cmocka_unit_test(malformed_yaml_gives_its_line),
    cmocka_unit_test(wrong_settings_are_named),
    cmocka_unit_test(unreadable_file_fails_alike_on_every_rank),
    cmocka_unit_test(fault_at_any_agreement_reaches_every_rank),
    cmocka_unit_test(byte_order_marks_and_crlf_are_read),
    cmocka_unit_test(help_and_schema_have_the_same_keys),
};

TEST_MAIN(cases)
