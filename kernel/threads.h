/* Threads over one memory: who is there, jobs for all of them, and the barrier inside a job.
 *
 * A thread that waits looks for a while and then sleeps (memory.atomic.wait32). Nothing is computed differently for more
 * or fewer threads: they share out rows, and no sum runs over threads. */
#ifndef THREADS_H
#define THREADS_H

#include "base.h"

/* The job that all threads in use run: each calls it with its number, 0 the leader. */
typedef void Job(u32 number, u32 threads);

/* Runs `job` on all threads in use and returns when each has done its part; ORION_OK or ORION_THREAD_LOST. */
u32 run_job(Job *job);

/* Waits until all threads of the job are here. Not 0: somebody didn't come, and the job has to be left at once. */
int barrier(u32 threads);

u32 threads_in_use(void);

#endif
