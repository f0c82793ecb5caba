/* SPDX-License-Identifier: BSD-3-Clause */
/* Systems of a chosen model, learned from subsets that are dealt to the ranks. */
#include "model/learning_curve.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "model/candidates.h"
#include "model/choose.h"
#include "model/training.h"
#include "solver/learning.h"

#include <math.h>

/* Frames that test a series, at most, and rows of a system that one rank solves. */
enum { MOST_TESTED = 1000, MOST_ROWS = 20000 };

/* One system of a part, with the frames of all subsets on every rank. */
typedef struct {
    int              property;
    double           n_sites; /* atoms that errors are told for one of */
    covariant_kernel with;
    selection_subset subset;
    bool            *centred; /* [n_rows n_columns] */
    learning_system  as;
    double          *mean_squares; /* [sizes][repeats] */
} curve_system;

typedef struct {
    covary_run          *run;
    const covary_config *config;
    learning_curve      *curve;
    training_set         set;
    int64_t              n_frames; /* of all subsets and the test */
    int64_t             *chosen;   /* [n_frames] out of the training frames */
    int                  n_systems;
    curve_system        *systems;
    int64_t             *orders; /* [repeats][n_frames] */
} curve_task;

void learning_curve_release(learning_curve *released)
{
    MEMORY_RELEASE(&released->reference);
    MEMORY_RELEASE(&released->errors);
    covary_model_destroy(&released->model);
}

static void release_task(curve_task *task)
{
    for (int s = 0; s < task->n_systems; s++) {
        MEMORY_RELEASE(&task->systems[s].mean_squares);
        MEMORY_RELEASE(&task->systems[s].centred);
        selection_release(&task->systems[s].subset);
    }
    MEMORY_RELEASE(&task->orders);
    MEMORY_RELEASE(&task->systems);
    MEMORY_RELEASE(&task->chosen);
    training_release(&task->set);
}

static covary_status check_sizes(const curve_task *task)
{
    const learning_questions *asked = &task->curve->asked;
    const int64_t             most = asked->sizes[asked->n_sizes - 1];
    const int64_t             n_train = task->curve->model->n_train;

    if (most >= n_train) {
        return COVARY_FAIL(COVARY_ERR_CONFIG,
                           "--learning-curve: %lld frames of %lld leave none to test on; give "
                           "smaller numbers",
                           (long long)most, (long long)n_train);
    }
    for (int i = 1; i < asked->n_sizes; i++) {
        if (asked->sizes[i] <= asked->sizes[i - 1]) {
            return COVARY_FAIL(COVARY_ERR_CONFIG, "--learning-curve: give ascending numbers");
        }
    }
    for (int s = 0; s < task->n_systems; s++) {
        if (most * task->systems[s].with.n_rows > MOST_ROWS) {
            return COVARY_FAIL(COVARY_ERR_CONFIG,
                               "--learning-curve: %lld frames make a system of %lld rows, and no "
                               "subset may have more than %d; give smaller numbers",
                               (long long)most, (long long)(most * task->systems[s].with.n_rows),
                               MOST_ROWS);
        }
    }
    return COVARY_OK;
}

static covary_status choose(curve_task *task)
{
    covary_status  status = COVARY_OK;
    covary_run    *run = task->run;
    covary_model **model = &task->curve->model;

    COVARY_TRY_TOGETHER(run, "create the model", model_create(model));
    COVARY_TRY_TOGETHER(run, "check the configuration", candidates_check(task->config));
    COVARY_TRY(training_prepare(run, task->config, *model, &task->set));
    COVARY_TRY_TOGETHER(run, "check the sizes", check_sizes(task));
    COVARY_TRY(candidates_describe(run, task->config, *model, &task->set, CANDIDATES_ALL));
    COVARY_TRY(choose_parts(run, task->config, NULL, *model, &task->set));

done:
    return status;
}

static covary_status reserve(curve_task *task)
{
    covary_status       status = COVARY_OK;
    learning_curve     *curve = task->curve;
    const covary_model *model = curve->model;
    const int           n_repeats = curve->asked.n_repeats, n_sizes = curve->asked.n_sizes;
    const int64_t       most = curve->asked.sizes[n_sizes - 1];
    int                 n = 0;

    curve->n_tested = model->n_train - most < MOST_TESTED ? model->n_train - most : MOST_TESTED;
    task->n_frames = most + curve->n_tested;
    for (int p = 0; p < model->n_properties; p++) {
        for (int k = 0; k < model->properties[p].n_parts; k++) {
            n += model->properties[p].parts[k].n_systems;
        }
    }
    COVARY_TRY(MEMORY_ALLOCATE("systems", n, &task->systems));
    COVARY_TRY(MEMORY_ALLOCATE("chosen frames", task->n_frames, &task->chosen));
    COVARY_TRY(MEMORY_ALLOCATE("orders", n_repeats * task->n_frames, &task->orders));
    COVARY_TRY(MEMORY_ALLOCATE("errors", (int64_t)model->n_properties * n_sizes * n_repeats,
                               &curve->errors));
    COVARY_TRY(MEMORY_ALLOCATE("references", model->n_properties, &curve->reference));
    selection_frames(model->n_train, task->n_frames, task->chosen);
    for (int repeat = 0; repeat < n_repeats; repeat++) {
        COVARY_TRY(learning_order(task->n_frames, repeat, task->orders + repeat * task->n_frames));
    }

done:
    return status;
}

static covary_status describe_system(curve_task *task, const model_part *part,
                                     const linear_system *system, curve_system *into)
{
    covary_status             status = COVARY_OK;
    const learning_questions *asked = &task->curve->asked;
    const int64_t             n_values = system->n_rows * system->n_columns;

    COVARY_TRY(MEMORY_ALLOCATE("centred values", n_values, &into->centred));
    COVARY_TRY(
        MEMORY_ALLOCATE("errors", (int64_t)asked->n_sizes * asked->n_repeats, &into->mean_squares));
    for (int64_t i = 0; i < n_values; i++) {
        into->centred[i] = part->mean[system->map[i]] != 0.0;
    }
    into->n_sites = (double)part->n_sites;
    into->as =
        (learning_system){.with = &into->with,
                          .on = &into->subset.system,
                          .centred = into->centred,
                          .ridge = system->ridge,
                          .search = isnan(task->config->length) && isnan(task->config->ridge)};

done:
    return status;
}

static covary_status add_system(curve_task *task, int p, model_part *part, linear_system *system)
{
    covary_status status = COVARY_OK;
    covary_model *model = task->curve->model;
    curve_system *into = &task->systems[task->n_systems++];
    panel        *values = NULL, *targets = NULL, *tensors = NULL;

    into->property = p;
    into->with = system_kernel(system, model->representations[part->representation]);
    COVARY_TRY_TOGETHER(task->run, "check the sizes", check_sizes(task));
    COVARY_TRY(training_part_targets(task->run, model, &task->set, p, part, &values));
    COVARY_TRY_TOGETHER(task->run, "describe a system", describe_system(task, part, system, into));
    COVARY_TRY(
        panel_create(task->run, values->n_local * system->n_rows, system->n_columns, &targets));
    training_system_targets(system, values, 0, targets);
    COVARY_TRY(training_tensors(task->run, model, &task->set, part, system, &tensors));
    const covariant_panels train = {.features = task->set.described[part->representation].features,
                                    .tensors = tensors};
    COVARY_TRY(selection_gather(task->run, &into->with, &train, targets, task->n_frames,
                                task->chosen, &into->subset));

done:
    panel_destroy(&tensors);
    panel_destroy(&targets);
    panel_destroy(&values);
    return status;
}

static covary_status gather_systems(curve_task *task)
{
    covary_status       status = COVARY_OK;
    const covary_model *model = task->curve->model;

    for (int p = 0; p < model->n_properties; p++) {
        for (int k = 0; k < model->properties[p].n_parts; k++) {
            model_part *part = &model->properties[p].parts[k];

            for (int s = 0; s < part->n_systems; s++) {
                COVARY_TRY(add_system(task, p, part, &part->systems[s]));
            }
        }
    }

done:
    return status;
}

static covary_status learn(const curve_task *task, int64_t job)
{
    const learning_questions *asked = &task->curve->asked;
    curve_system             *system = &task->systems[job % task->n_systems];
    const int64_t             at = job / task->n_systems; /* largest sizes first */
    const int64_t size = asked->n_sizes - 1 - at / asked->n_repeats, repeat = at % asked->n_repeats;

    return learning_error(&system->as, task->orders + repeat * task->n_frames, asked->sizes[size],
                          task->curve->n_tested,
                          &system->mean_squares[size * asked->n_repeats + repeat]);
}

/* Ranks take turns, and meet after each job, for the progress and a stop. */
static covary_status learn_all(curve_task *task)
{
    covary_status             status = COVARY_OK;
    const learning_questions *asked = &task->curve->asked;
    const int                 n_points = asked->n_sizes * asked->n_repeats;
    const int64_t n_jobs = (int64_t)n_points * task->n_systems, size = covary_run_size(task->run);

    progress_begin(task->run, "learning curve", n_jobs, "fits");
    for (int64_t first = 0; first < n_jobs; first += size) {
        const int64_t job = first + covary_run_rank(task->run);

        COVARY_TRY(covary_run_check_stop(task->run));
        COVARY_TRY_TOGETHER(task->run, "learning curve",
                            job < n_jobs ? learn(task, job) : COVARY_OK);
        progress_update(task->run, first + size < n_jobs ? first + size : n_jobs);
    }
    for (int s = 0; s < task->n_systems; s++) { /* one rank has a number, the others 0 */
        MPI_Allreduce(MPI_IN_PLACE, task->systems[s].mean_squares, n_points, MPI_DOUBLE, MPI_SUM,
                      covary_run_comm(task->run));
    }

done:
    progress_end(task->run);
    return status;
}

/* Squares of the systems of a property add up, per frame or per atom as its errors are told. */
static void sum_up(const curve_task *task)
{
    learning_curve *curve = task->curve;
    const int       n_points = curve->asked.n_sizes * curve->asked.n_repeats;

    for (int s = 0; s < task->n_systems; s++) {
        const curve_system     *system = &task->systems[s];
        const selection_system *on = &system->subset.system;
        const int64_t           n = on->train.n_frames * system->with.n_rows * on->n_columns;

        for (int i = 0; i < n_points; i++) {
            curve->errors[system->property * n_points + i] +=
                system->mean_squares[i] / system->n_sites;
        }
        for (int64_t i = 0; i < n; i++) {
            curve->reference[system->property] +=
                on->targets[i] * on->targets[i] / ((double)on->train.n_frames * system->n_sites);
        }
    }
    for (int p = 0; p < curve->model->n_properties; p++) {
        curve->reference[p] = sqrt(curve->reference[p]);
        for (int i = 0; i < n_points; i++) {
            curve->errors[p * n_points + i] = sqrt(curve->errors[p * n_points + i]);
        }
    }
}

covary_status learning_curve_measure(covary_run *run, const covary_config *config,
                                     const learning_questions *asked, learning_curve *out)
{
    covary_status status = COVARY_OK;
    curve_task    task = {.run = run, .config = config, .curve = out};

    *out = (learning_curve){.asked = *asked};
    COVARY_TRY(choose(&task));
    COVARY_TRY_TOGETHER(run, "reserve the learning curve", reserve(&task));
    COVARY_TRY(gather_systems(&task));
    COVARY_TRY(learn_all(&task));
    sum_up(&task);

done:
    release_task(&task);
    return status;
}

void learning_curve_point(const learning_curve *of, int p, int size, double *mean,
                          double *standard_error)
{
    const int     n = of->asked.n_repeats;
    const double *errors = of->errors + ((int64_t)p * of->asked.n_sizes + size) * n;
    double        square = 0.0;

    *mean = *standard_error = 0.0;
    for (int repeat = 0; repeat < n; repeat++) {
        *mean += errors[repeat] / n;
    }
    for (int repeat = 0; repeat < n && n > 1; repeat++) {
        square += (errors[repeat] - *mean) * (errors[repeat] - *mean) / (n - 1);
    }
    *standard_error = sqrt(square / n);
}

bool learning_curve_law(const learning_curve *of, int p, power_law *out)
{
    enum { MOST = 64 };
    const int n = of->asked.n_sizes;
    double    sizes[MOST], means[MOST], standard_errors[MOST];

    for (int size = 0; size < n && size < MOST; size++) {
        sizes[size] = (double)of->asked.sizes[size];
        learning_curve_point(of, p, size, &means[size], &standard_errors[size]);
    }
    return n <= MOST && power_law_fit(n, sizes, means, standard_errors, out);
}
