/* Runs jobs on several threads over one memory: which threads are there, and how a job's work is divided.
 *
 * A waiting thread spins for a while and then sleeps (memory.atomic.wait32). The number of threads changes no result:
 * they divide rows among them, and no sum runs over threads.
 *
 * There are two kinds of jobs. In `run_job` each thread has a fixed share, and all meet at barriers. In `run_phases` the work
 * is divided into phases, and each phase into pieces that threads claim one by one. A phase ends when its pieces are done, by
 * any thread: a thread that has lost its core to another program delays the others with the piece that it has started, and
 * with no other. It may lag whole phases behind, and claims nothing there. What it reads for itself before it claims may
 * then be of a later phase: it must be safe to read, and is never used. */
#ifndef THREADS_H
#define THREADS_H

#include "base.h"

/* The job that all threads in use run: each calls it with its number, 0 the leader. */
typedef void Job(u32 number, u32 threads);

/* Runs `job` on all threads in use and returns when each has done its part; ORION_OK or ORION_THREAD_LOST. */
u32 run_job(Job *job);

/* Waits until all threads of the job are here. Not 0: somebody didn't come, and the job has to be left at once. */
int barrier(u32 threads);

/* Where one thread is in a job of phases. */
typedef struct {
  u32 number, threads, phase;
  u32 taken; /* pieces of the phase, where the thread is alone */
} Place;

typedef void Phases(Place place);

/* Runs `job` on all threads in use. Returns when the leader has left it, which has to be behind its last phase or for
 * `meet`: others may still be on their way through phases that are over. ORION_OK or ORION_THREAD_LOST. */
u32 run_phases(Phases *job);

/* Waits until no thread is in a job, and forgets a phase that was left in its middle; ORION_OK or ORION_THREAD_LOST. */
u32 meet(void);

#define NO_PIECE 0xffffffffu

/* A piece of the present phase's `pieces` (1 or more, and the same for all threads), from 0 on. NO_PIECE: all are claimed,
 * or the phase is over. */
u32 claim(Place *place, u32 pieces);

/* Whether the phase is over for this thread already, so that it needn't ready anything for it. */
int behind(const Place *place);

/* The claimed piece is done. */
void finish(const Place *place, u32 pieces);

/* Waits until the phase is over. Not 0: a thread was lost, and the job has to be left at once. */
int next_phase(Place *place);

u32 threads_in_use(void);

#endif
