/* SPDX-License-Identifier: BSD-3-Clause */
/* A job goes one way and its outcome the other, under one mutex; who waits sleeps. */
#include "core/worker.h"

#include "core/float_mode.h"
#include "core/memory.h"
#include "core/status.h"

#include <pthread.h>
#include <signal.h>

typedef enum { IDLE, GIVEN, DONE, CLOSING } worker_state;

struct worker {
    bool            beside;
    pthread_t       thread;
    pthread_mutex_t mutex;
    pthread_cond_t  changed; /* state */
    worker_state    state;
    float_mode      mode;
    covary_status (*job)(void *);
    void         *data;
    covary_status outcome;
    status_record record; /* of a job that failed */
};

static void perform(worker *of)
{
    of->outcome = of->job(of->data);
    if (of->outcome != COVARY_OK) {
        status_save(&of->record);
    }
}

static void *work(void *argument)
{
    worker *of = argument;

    float_mode_set(of->mode);
    pthread_mutex_lock(&of->mutex);
    while (of->state != CLOSING) {
        if (of->state == GIVEN) {
            pthread_mutex_unlock(&of->mutex);
            perform(of);
            pthread_mutex_lock(&of->mutex);
            of->state = DONE;
            pthread_cond_broadcast(&of->changed);
        } else {
            pthread_cond_wait(&of->changed, &of->mutex);
        }
    }
    pthread_mutex_unlock(&of->mutex);
    return NULL;
}

/* Signals are for the thread that asks whether there was one. */
static bool start_thread(worker *of)
{
    sigset_t all, before;
    bool     started;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    started = pthread_create(&of->thread, NULL, work, of) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

covary_status worker_create(bool beside, worker **out)
{
    covary_status status = COVARY_OK;
    worker       *made = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("worker", 1, &made));
    made->mode = float_mode_get();
    pthread_mutex_init(&made->mutex, NULL);
    pthread_cond_init(&made->changed, NULL);
    made->beside = beside && start_thread(made);
    *out = made;

done:
    return status;
}

void worker_destroy(worker **released)
{
    worker *of = *released;

    if (of == NULL) {
        return;
    }
    worker_wait(of);
    if (of->beside) {
        pthread_mutex_lock(&of->mutex);
        of->state = CLOSING;
        pthread_cond_broadcast(&of->changed);
        pthread_mutex_unlock(&of->mutex);
        pthread_join(of->thread, NULL);
    }
    pthread_cond_destroy(&of->changed);
    pthread_mutex_destroy(&of->mutex);
    MEMORY_RELEASE(released);
}

void worker_start(worker *with, covary_status (*job)(void *data), void *data)
{
    with->job = job;
    with->data = data;
    if (!with->beside) {
        perform(with);
        with->state = DONE;
        return;
    }
    pthread_mutex_lock(&with->mutex);
    with->state = GIVEN;
    pthread_cond_broadcast(&with->changed);
    pthread_mutex_unlock(&with->mutex);
}

covary_status worker_wait(worker *with)
{
    covary_status outcome = COVARY_OK;

    pthread_mutex_lock(&with->mutex);
    while (with->state == GIVEN) {
        pthread_cond_wait(&with->changed, &with->mutex);
    }
    if (with->state == DONE) {
        with->state = IDLE;
        outcome = with->outcome;
    }
    pthread_mutex_unlock(&with->mutex);
    if (outcome != COVARY_OK) {
        status_restore(&with->record);
    }
    return outcome;
}
