/* SPDX-License-Identifier: BSD-3-Clause */
/* Parsing argv against the tables, and the help that is made from them. */
#include "cli/arguments.h"

#include "cli/commands.h"
#include "core/memory.h"
#include "core/status.h"
#include <covary/version.h>

#include <stddef.h>
#include <string.h>

typedef enum {
    TAKES_NOTHING,
    TAKES_TEXT,
    TAKES_COUNT,
    TAKES_LEVEL,
    TAKES_SETTING,
    TAKES_PROPERTY,
    TAKES_KNOWN,
    TAKES_VERBOSITY
} option_kind;

typedef struct {
    const char *name;     /* --output */
    const char *shorter;  /* -o, or NULL */
    const char *argument; /* what the help calls its value, or NULL */
    const char *commands; /* names it belongs to, separated by spaces; NULL: all */
    const char *help;
    option_kind kind;
    size_t      offset;    /* of the member of `arguments` that it sets */
    int         verbosity; /* for TAKES_VERBOSITY */
} option;

#define MEMBER(name) offsetof(arguments, name)

static const option options[] = {
    {"--model", "-m", "MODEL.h5", "predict evaluate", "the model to use (required)", TAKES_TEXT,
     MEMBER(model), 0},
    {"--model", "-m", "MODEL.h5", "select",
     "the model whose training frames and kernels tell what is still to be learned", TAKES_TEXT,
     MEMBER(model), 0},
    {"--output", "-o", "MODEL.h5", "fit",
     "the model to write (default: <name of the configuration>.model.h5)", TAKES_TEXT,
     MEMBER(output), 0},
    {"--output", "-o", "ANNOTATION.h5", "predict",
     "the annotation to write, or a file of --format (required)", TAKES_TEXT, MEMBER(output), 0},
    {"--config", "-c", "CONFIG.yaml", "select",
     "without a model: representation and kernel by this configuration, its length by the frames "
     "where it is auto",
     TAKES_TEXT, MEMBER(config), 0},
    {"--count", "-n", "N", "select", "frames to pick (required)", TAKES_COUNT, MEMBER(count), 0},
    {"--method", NULL, "NAME", "select",
     "variance (default): the frame of the largest variance left; distance: the one farthest from "
     "all others",
     TAKES_TEXT, MEMBER(method), 0},
    {"--known", NULL, "FILE", "select",
     "frames that have labels already, in place of the training files of the model; may be given "
     "several times",
     TAKES_KNOWN, 0, 0},
    {"--output", "-o", "PICKED.xyz", "select", "the extended XYZ file to write (required)",
     TAKES_TEXT, MEMBER(output), 0},
    {"--output", "-o", "FILE", "export", "the file to write (required)", TAKES_TEXT, MEMBER(output),
     0},
    {"--format", NULL, "NAME", "export", "one of those listed below (required)", TAKES_TEXT,
     MEMBER(format), 0},
    {"--format", NULL, "NAME", "predict",
     "of the output: h5md (default), extxyz, csv, npy or travis, as covary export makes them of "
     "the "
     "annotation, which is then removed",
     TAKES_TEXT, MEMBER(format), 0},
    {"--compress", NULL, "LEVEL", "predict export",
     "with h5md: compress by shuffle and deflate, 1 (fast) to 9 (small) (default: 0, not)",
     TAKES_LEVEL, MEMBER(compress), 0},
    {"--chunk", NULL, "FRAMES", "predict export",
     "with --compress: frames that are compressed together (default: at most 256 KiB)", TAKES_COUNT,
     MEMBER(chunk), 0},
    {"--property", NULL, "NAME", "predict export",
     "write this one; may be given several times (default: all)", TAKES_PROPERTY, 0, 0},
    {"--frames", NULL, "A:B:C", "export",
     "from frame A to before B in steps of C, as Python has them: 10:, :-1, ::10 (default: all)",
     TAKES_TEXT, MEMBER(frames), 0},
    {"--set", NULL, "KEY=VALUE", "fit predict select",
     "set a key listed below; may be given several times", TAKES_SETTING, 0, 0},
    {"--dry-run", NULL, NULL, "fit",
     "check everything, tell solver, memory and time of the fit, write nothing", TAKES_NOTHING,
     MEMBER(dry_run), 0},
    {"--frames", NULL, "LIST", "fit",
     "with --dry-run: a table of time and memory for so many frames, as 1e4,1e6 (default: those of "
     "the configuration)",
     TAKES_TEXT, MEMBER(frames), 0},
    {"--ranks", NULL, "LIST", "fit",
     "with --dry-run: the same for so many ranks, as 1,64 (default: those of the run)", TAKES_TEXT,
     MEMBER(ranks), 0},
    {"--learning-curve", NULL, "LIST", "fit",
     "in place of a model: errors against the number of training frames, for so many of them, as "
     "50,100,200; written beside the model's name as .learning.h5, .json and .svg",
     TAKES_TEXT, MEMBER(learning_curve), 0},
    {"--repeats", NULL, "N", "fit",
     "with --learning-curve: series of random subsets, whose scatter gives the error bars "
     "(default: 3)",
     TAKES_COUNT, MEMBER(repeats), 0},
    {"--target", NULL, "PERCENT", "fit",
     "with --learning-curve: how many frames would bring the error down to so much of the rms",
     TAKES_TEXT, MEMBER(target), 0},
    {"--topology", NULL, "FILE", "predict evaluate select inspect",
     "elements for trajectories that have none: PDB, GRO, PSF or extended XYZ", TAKES_TEXT,
     MEMBER(topology), 0},
    {"--particles", NULL, "NAME", "predict evaluate select inspect",
     "of H5MD files with several groups of particles, the one to take", TAKES_TEXT,
     MEMBER(particles), 0},
    {"--frames", NULL, "FIRST:STOP:STRIDE", "predict evaluate select inspect",
     "take these frames, counted through all files as Python does: from 0, negative from the end, "
     "any part may be left out",
     TAKES_TEXT, MEMBER(frames), 0},
    {"--time", NULL, "FROM:TO", "predict evaluate select export inspect",
     "take the frames of these times, both included, each in fs or with fs, ps or ns behind it; "
     "either may be left out",
     TAKES_TEXT, MEMBER(times), 0},
    {"--molecules", NULL, "auto|none", "predict",
     "auto: frames are boxes: predict every molecule that is the model's, made whole across "
     "periodic boundaries; what else is in the box is left alone; none: frames are the molecule "
     "alone (default: the model's key molecules)",
     TAKES_TEXT, MEMBER(molecules), 0},
    {"--no-positions", NULL, NULL, "predict export", "leave the positions out of the annotation",
     TAKES_NOTHING, MEMBER(no_positions), 0},
    {"--double-positions", NULL, NULL, "predict", "keep positions in double precision",
     TAKES_NOTHING, MEMBER(double_positions), 0},
    {"--dry-run", NULL, NULL, "predict",
     "check everything, tell shares, memory, sizes and time, write nothing", TAKES_NOTHING,
     MEMBER(dry_run), 0},
    {"--dry-run", NULL, NULL, "select", "check everything, tell sizes, write nothing",
     TAKES_NOTHING, MEMBER(dry_run), 0},
    {"--restart", NULL, NULL, "predict",
     "begin anew, instead of going on with ANNOTATION.h5.part of an interrupted run", TAKES_NOTHING,
     MEMBER(restart), 0},
    {"--batch", NULL, "FRAMES", "export", "frames per rank and step (default: 8 MiB of buffers)",
     TAKES_COUNT, MEMBER(batch), 0},
    {"--batch", NULL, "FRAMES", "select",
     "candidates at once on all ranks together (default: as many as take 1 GiB)", TAKES_COUNT,
     MEMBER(batch), 0},
    {"--batch", NULL, "FRAMES", "predict", "frames per rank and step (default: 16 MiB of buffers)",
     TAKES_COUNT, MEMBER(batch), 0},
    {"--precision", NULL, "NAME", "predict evaluate",
     "double (default); single, which is faster, and refused where it would add more than 5 % of "
     "the leave-one-out error; auto: single where it is not refused",
     TAKES_TEXT, MEMBER(precision), 0},
    {"--self-test", NULL, NULL, "inspect",
     "turn a model's test frames again; status 1 if the predictions do not follow", TAKES_NOTHING,
     MEMBER(self_test), 0},
    {"--check", NULL, NULL, "inspect",
     "FILE is a configuration: look for mistakes in its labelled frames (missing labels, units, "
     "order of atoms, charge, copies, outliers); status 1 if a fit would fail",
     TAKES_NOTHING, MEMBER(check), 0},
    {"--set", NULL, "KEY=VALUE", "inspect",
     "with --check: set a key of the configuration; may be given several times", TAKES_SETTING, 0,
     0},
    {"--report", NULL, "FILE.html", "fit evaluate",
     "write a page with plots of predictions and errors, the symmetry and the settings tried; "
     "drawn "
     "by gnuplot",
     TAKES_TEXT, MEMBER(report), 0},
    {"--json", NULL, "FILE", "evaluate select inspect",
     "write the result as JSON too (-: standard output)", TAKES_TEXT, MEMBER(json), 0},
    {"--log-json", NULL, "FILE", NULL, "write the log as one JSON object a line", TAKES_TEXT,
     MEMBER(run.log_json), 0},
    {"--no-index-cache", NULL, NULL, NULL,
     "leave no hidden .NAME.covary-index beside large trajectories, and use none", TAKES_NOTHING,
     MEMBER(run.no_index_cache), 0},
    {"--quiet", "-q", NULL, NULL, "warnings and errors only", TAKES_VERBOSITY, 0, COVARY_QUIET},
    {"--verbose", "-v", NULL, NULL, "more of the log, with timings", TAKES_VERBOSITY, 0,
     COVARY_VERBOSE},
    {"--help", "-h", NULL, NULL, "print this help", TAKES_NOTHING, MEMBER(help), 0},
    {"--version", NULL, NULL, NULL, "print version, commit and libraries", TAKES_NOTHING,
     MEMBER(version), 0},
};

enum { N_OPTIONS = sizeof options / sizeof options[0] };

static bool belongs_to(const option *of, const command *to)
{
    const char *at;
    size_t      length;

    if (of->commands == NULL) {
        return true;
    }
    if (to == NULL) {
        return false;
    }
    length = strlen(to->name);
    for (at = of->commands; (at = strstr(at, to->name)) != NULL; at += length) {
        bool begins = at == of->commands || at[-1] == ' ';
        if (begins && (at[length] == ' ' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

static const option *find_option(const command *of, const char *name, size_t length)
{
    for (int o = 0; o < N_OPTIONS; o++) {
        bool same =
            strlen(options[o].name) == length && strncmp(options[o].name, name, length) == 0;
        bool same_short = options[o].shorter != NULL && strlen(options[o].shorter) == length &&
                          strncmp(options[o].shorter, name, length) == 0;
        if ((same || same_short) && belongs_to(&options[o], of)) {
            return &options[o];
        }
    }
    return NULL;
}

static covary_status unknown_option(const command *of, const char *name)
{
    const char *names[N_OPTIONS + 1];
    const char *nearest;
    int         n = 0;

    for (int o = 0; o < N_OPTIONS; o++) {
        if (belongs_to(&options[o], of)) {
            names[n++] = options[o].name;
        }
    }
    names[n] = NULL;
    nearest = text_nearest(name, names);
    return COVARY_FAIL(COVARY_ERR_USAGE, "unknown option '%s'%s%s%s; see covary%s%s --help", name,
                       nearest != NULL ? "; did you mean '" : "", nearest != NULL ? nearest : "",
                       nearest != NULL ? "'?" : "", of != NULL ? " " : "",
                       of != NULL ? of->name : "");
}

static const command *find_command(const char *name)
{
    for (const command *const *at = command_registry(); *at != NULL; at++) {
        if (strcmp((*at)->name, name) == 0) {
            return *at;
        }
    }
    return NULL;
}

static covary_status unknown_command(const char *name)
{
    const char *names[16];
    const char *nearest;
    int         n = 0;

    for (const command *const *at = command_registry(); *at != NULL && n < 15; at++) {
        names[n++] = (*at)->name;
    }
    names[n] = NULL;
    nearest = text_nearest(name, names);
    return COVARY_FAIL(COVARY_ERR_USAGE, "unknown command '%s'%s%s%s; see covary --help", name,
                       nearest != NULL ? "; did you mean '" : "", nearest != NULL ? nearest : "",
                       nearest != NULL ? "'?" : "");
}

static covary_status take_value(const option *of, const char *value, arguments *out)
{
    char *base = (char *)out;

    switch (of->kind) {
    case TAKES_TEXT:
        memcpy(base + of->offset, &value, sizeof value);
        return COVARY_OK;
    case TAKES_SETTING:
        out->settings[out->n_settings++] = value;
        return COVARY_OK;
    case TAKES_PROPERTY:
        out->properties[out->n_properties++] = value;
        return COVARY_OK;
    case TAKES_KNOWN:
        out->known[out->n_known++] = value;
        return COVARY_OK;
    case TAKES_COUNT: {
        int64_t count;
        if (!text_to_int64(value, &count) || count < 1) {
            return COVARY_FAIL(COVARY_ERR_USAGE, "%s takes a whole number from 1, not '%s'",
                               of->name, value);
        }
        memcpy(base + of->offset, &count, sizeof count);
        return COVARY_OK;
    }
    case TAKES_LEVEL: {
        int64_t level;
        if (!text_to_int64(value, &level) || level < 0 || level > 9) {
            return COVARY_FAIL(COVARY_ERR_USAGE, "%s takes a level from 0 to 9, not '%s'", of->name,
                               value);
        }
        *(int *)(void *)(base + of->offset) = (int)level;
        return COVARY_OK;
    }
    case TAKES_VERBOSITY:
        out->run.verbosity = (covary_verbosity)of->verbosity;
        return COVARY_OK;
    case TAKES_NOTHING:
        *(bool *)(void *)(base + of->offset) = true;
        return COVARY_OK;
    }
    return COVARY_OK;
}

/* `--name value`, `--name=value` or `--name`; *at moves on by what was used. */
static covary_status take_option(int argc, char **argv, int *at, arguments *out)
{
    const char   *name = argv[*at];
    const char   *equals = strncmp(name, "--", 2) == 0 ? strchr(name, '=') : NULL;
    size_t        length = equals != NULL ? (size_t)(equals - name) : strlen(name);
    const option *of = find_option(out->command, name, length);

    if (of == NULL) {
        return unknown_option(out->command, name);
    }
    if (of->argument == NULL) {
        if (equals != NULL) {
            return COVARY_FAIL(COVARY_ERR_USAGE, "%s takes no value", of->name);
        }
        return take_value(of, NULL, out);
    }
    if (equals != NULL) {
        return take_value(of, equals + 1, out);
    }
    if (*at + 1 >= argc) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "%s needs a value (%s)", of->name, of->argument);
    }
    *at += 1;
    return take_value(of, argv[*at], out);
}

static covary_status remember_line(int argc, char **argv, arguments *out)
{
    text          line = {0};
    covary_status status = COVARY_OK;

    for (int i = 0; i < argc && status == COVARY_OK; i++) {
        status = text_add(&line, "%s%s", i > 0 ? " " : "", i > 0 ? argv[i] : "covary");
    }
    if (status == COVARY_OK) {
        status = memory_copy_text(line.data, &out->line);
    }
    text_release(&line);
    return status;
}

covary_status arguments_parse(int argc, char **argv, arguments *out)
{
    covary_status status = COVARY_OK;
    bool          only_files = false;

    memset(out, 0, sizeof *out);
    out->run.verbosity = COVARY_NORMAL;
    out->run.signals = true;
    COVARY_TRY(MEMORY_ALLOCATE("settings", argc, &out->settings));
    COVARY_TRY(MEMORY_ALLOCATE("properties", argc, &out->properties));
    COVARY_TRY(MEMORY_ALLOCATE("known files", argc, &out->known));
    COVARY_TRY(MEMORY_ALLOCATE("files", argc, &out->files));
    COVARY_TRY(remember_line(argc, argv, out));
    for (int at = 1; at < argc; at++) {
        const char *word = argv[at];
        if (!only_files && strcmp(word, "--") == 0) {
            only_files = true;
        } else if (!only_files && word[0] == '-' && word[1] != '\0') {
            COVARY_TRY(take_option(argc, argv, &at, out));
        } else if (out->command == NULL) {
            out->command = find_command(word);
            if (out->command == NULL) {
                COVARY_TRY(unknown_command(word));
            }
        } else {
            out->files[out->n_files++] = word;
        }
    }
    if (out->command == NULL && !out->help && !out->version) {
        status = COVARY_FAIL(COVARY_ERR_USAGE, "no command given; see covary --help");
    }

done:
    return status;
}

void arguments_release(arguments *given)
{
    MEMORY_RELEASE(&given->line);
    MEMORY_RELEASE(&given->files);
    MEMORY_RELEASE(&given->known);
    MEMORY_RELEASE(&given->properties);
    MEMORY_RELEASE(&given->settings);
}

enum { HELP_COLUMNS = 100 };

/* Bytes of `words` before a break: up to the last blank that fits, or all. */
static size_t fitting(const char *words, size_t length, size_t columns)
{
    size_t at = columns;

    if (length <= columns) {
        return length;
    }
    while (at > 0 && words[at] != ' ') {
        at--;
    }
    return at > 0 ? at : length;
}

/* A line, broken at blanks where it is too long; what follows a break is indented. */
static covary_status add_line(const char *line, size_t length, size_t indent, text *into)
{
    covary_status status = COVARY_OK;
    size_t        part = fitting(line, length, HELP_COLUMNS);

    COVARY_TRY(text_add_bytes(into, line, part));
    while (part < length) {
        line += part + 1; /* the break takes the place of a blank */
        length -= part + 1;
        part = fitting(line, length, HELP_COLUMNS - indent);
        COVARY_TRY(text_add(into, "\n%*s", (int)indent, ""));
        COVARY_TRY(text_add_bytes(into, line, part));
    }
    COVARY_TRY(text_add(into, "\n"));

done:
    return status;
}

/* Where the text of a line begins: after blanks, or in the column that two blanks more lead to. */
static size_t indent_of(const char *line, size_t length)
{
    const size_t first = strspn(line, " ");

    for (size_t at = first + 1; first > 0 && at < length; at++) {
        if (line[at - 1] == ' ' && line[at] == ' ') {
            return at + strspn(line + at, " ");
        }
    }
    return first;
}

covary_status help_add(const char *lines, text *into)
{
    covary_status status = COVARY_OK;

    while (*lines != '\0' && status == COVARY_OK) {
        const size_t length = strcspn(lines, "\n");

        status = add_line(lines, length, indent_of(lines, length), into);
        lines += length + (lines[length] == '\n');
    }
    return status;
}

static covary_status option_help(const option *of, text *into)
{
    covary_status status = COVARY_OK;
    text          names = {0}, line = {0};

    COVARY_TRY(text_add(&names, "%s%s%s%s%s", of->shorter ? of->shorter : "",
                        of->shorter ? ", " : "", of->name, of->argument ? " " : "",
                        of->argument ? of->argument : ""));
    COVARY_TRY(text_add(&line, "  %-27s  %s", names.data, of->help));
    COVARY_TRY(help_add(line.data, into));

done:
    text_release(&line);
    text_release(&names);
    return status;
}

static covary_status options_help(const command *of, text *into)
{
    covary_status status = text_add(into, "\nOptions:\n");

    for (int o = 0; o < N_OPTIONS && status == COVARY_OK; o++) {
        if (belongs_to(&options[o], of)) {
            status = option_help(&options[o], into);
        }
    }
    return status;
}

covary_status arguments_help(const command *of, text *into)
{
    covary_status status = COVARY_OK;

    if (of != NULL) {
        COVARY_TRY(text_add(into, "covary %s %s\n\n%s\n", of->name, of->usage, of->summary));
        COVARY_TRY(options_help(of, into));
        return of->more_help != NULL ? of->more_help(into) : COVARY_OK;
    }
    COVARY_TRY(help_add("Covary " COVARY_VERSION
                        ": vector and tensor properties of molecules, learned from labelled frames "
                        "and annotated along molecular dynamics, exactly covariant and in parallel."
                        "\n\nUsage:\n",
                        into));
    for (const command *const *at = command_registry(); *at != NULL; at++) {
        COVARY_TRY(text_add(into, "  covary %s %s\n", (*at)->name, (*at)->usage));
    }
    COVARY_TRY(text_add(into, "\nCommands:\n"));
    for (const command *const *at = command_registry(); *at != NULL; at++) {
        COVARY_TRY(text_add(into, "  %-10s %s\n", (*at)->name, (*at)->summary));
    }
    COVARY_TRY(options_help(NULL, into));
    COVARY_TRY(help_add("\ncovary COMMAND --help lists the options of a command; that of fit also "
                        "every key of a configuration.\nEvery command runs alone and under mpirun "
                        "-n P, with the same answer.\nExit status: 0 done, 1 failed, 2 wrong usage "
                        "or configuration, 75 stopped by a signal.\n",
                        into));

done:
    return status;
}
