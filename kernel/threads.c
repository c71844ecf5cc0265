#include "threads.h"

#ifdef THREADS

#define CACHE_LINE __attribute__((aligned(64)))
#define STACK_BYTES 16384

/* A job that is posted: one of the two, and the phase that it begins with. */
typedef struct {
  Job *job;
  Phases *phases;
  u32 phase;
} Task;

/* All zero at first: the linker's bss, which every instance over the memory shares. */
static struct {
  u32 waiting CACHE_LINE;     /* threads at the barrier */
  u32 generation CACHE_LINE;  /* barriers passed */
  u32 sleepers;               /* threads asleep at the barrier */
  u32 posted CACHE_LINE;      /* jobs posted * 256 + threads that run the last one: one word, so that nobody reads half of it */
  u32 job_sleepers;
  u32 in_use CACHE_LINE;      /* threads of the job less 1 */
  u32 lost;                   /* a barrier gave up */
  u32 slots CACHE_LINE;       /* numbers given to workers */
  u32 arrived;                /* workers that wait for jobs */
  u32 era;                    /* counts orion_dismiss */
  u64 claims CACHE_LINE;      /* the present phase << 32, and how many of its pieces are claimed */
  u32 done CACHE_LINE;        /* how many of them are done */
  u32 phase CACHE_LINE;       /* counts phases that are over, in all jobs */
  u32 phase_sleepers;
  Task tasks[2] CACHE_LINE;   /* the last job posted and the one before, by the number's last bit */
} shared;

static u8 stacks[ORION_MOST_THREADS][STACK_BYTES] __attribute__((aligned(64)));
static u32 barrier_spins = 30000, job_spins = 20000, patience = 10000;

#define SLICE_MS 500u

INLINE u32 look(u32 *word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }

#ifdef __wasm__
INLINE void sleep_at(u32 *word, u32 value, u32 ms) { __builtin_wasm_memory_atomic_wait32((int *)word, (int)value, (long long)ms * 1000000); }
INLINE void wake(u32 *word) { __builtin_wasm_memory_atomic_notify((int *)word, ORION_MOST_THREADS); }
#else
#include <sched.h>
INLINE void sleep_at(u32 *word, u32 value, u32 ms) { (void)word, (void)value, (void)ms, sched_yield(); }
INLINE void wake(u32 *word) { (void)word; }
#endif

/* Waits until *word isn't `old`. 0 after `most` milliseconds of sleep (0: never), or once the era has ended. The time is
 * counted in slices that ran out, not by a clock: a page that the system froze for an hour loses one. */
static HOT int changed(u32 *word, u32 old, u32 *sleepers, u32 spins, u32 most, u32 era) {
  for (u32 i = 0; i < spins; i++)
    if (look(word) != old) return 1;
  int came = 1;
  __atomic_add_fetch(sleepers, 1, __ATOMIC_SEQ_CST);
  for (u32 slept = 0; look(word) == old;) {
    if ((most && slept >= most) || look(&shared.era) != era) {
      came = 0;
      break;
    }
    const u32 slice = most ? smaller(SLICE_MS, most - slept) : SLICE_MS;
    sleep_at(word, old, slice);
    slept += slice;
  }
  __atomic_sub_fetch(sleepers, 1, __ATOMIC_SEQ_CST);
  return came;
}

INLINE u32 job_number(u32 posted) { return posted >> 8; }

/* A new job for so many threads; for 0 it only makes workers look up. Who still looks at the job before finds it in the other
 * place. */
static void post(Task task, u32 threads) {
  const u32 posted = (shared.posted & ~255u) + 256 + threads;
  shared.tasks[job_number(posted) & 1] = task;
  __atomic_store_n(&shared.posted, posted, __ATOMIC_SEQ_CST);
  if (look(&shared.job_sleepers)) wake(&shared.posted);
}

static void next_generation(void) {
  __atomic_add_fetch(&shared.generation, 1, __ATOMIC_SEQ_CST);
  if (look(&shared.sleepers)) wake(&shared.generation);
}

u32 threads_in_use(void) { return shared.in_use + 1; }

/* Somebody didn't come, unless it is that all were sent away. */
static int lost_in(u32 era) {
  if (look(&shared.era) == era) __atomic_store_n(&shared.lost, 1, __ATOMIC_SEQ_CST);
  return 1;
}

int barrier(u32 threads) {
  if (threads == 1) return 0;
  const u32 generation = look(&shared.generation);
  if (__atomic_add_fetch(&shared.waiting, 1, __ATOMIC_SEQ_CST) == threads) {
    __atomic_store_n(&shared.waiting, 0, __ATOMIC_SEQ_CST);
    next_generation();
    return 0;
  }
  const u32 era = look(&shared.era);
  return changed(&shared.generation, generation, &shared.sleepers, barrier_spins, patience, era) ? 0 : lost_in(era);
}

u32 run_job(Job *job) {
  const u32 threads = threads_in_use();
  if (look(&shared.lost)) return ORION_THREAD_LOST;
  if (threads > 1) post((Task){.job = job}, threads);
  job(0, threads);
  return !look(&shared.lost) && !barrier(threads) ? ORION_OK : ORION_THREAD_LOST;
}

u32 run_phases(Phases *job) {
  const u32 threads = threads_in_use(), phase = look(&shared.phase);
  if (look(&shared.lost)) return ORION_THREAD_LOST;
  if (threads > 1) post((Task){.phases = job, .phase = phase}, threads);
  job((Place){.threads = threads, .phase = phase});
  return look(&shared.lost) ? ORION_THREAD_LOST : ORION_OK;
}

static void nothing(u32 number, u32 threads) { (void)number, (void)threads; }

static void begin_phase(u32 phase) {
  __atomic_store_n(&shared.done, 0, __ATOMIC_SEQ_CST);
  __atomic_store_n(&shared.claims, (u64)phase << 32, __ATOMIC_SEQ_CST);
  __atomic_store_n(&shared.phase, phase, __ATOMIC_SEQ_CST);
  if (look(&shared.phase_sleepers)) wake(&shared.phase);
}

u32 meet(void) {
  if (threads_in_use() == 1) return ORION_OK;
  const u32 status = run_job(nothing);
  if (!status) begin_phase(look(&shared.phase) + 1);
  return status;
}

u32 claim(Place *place, u32 pieces) {
  if (place->threads == 1) return place->taken < pieces ? place->taken++ : NO_PIECE;
  u64 claims = __atomic_load_n(&shared.claims, __ATOMIC_SEQ_CST);
  while ((u32)(claims >> 32) == place->phase && (u32)claims < pieces)
    if (__atomic_compare_exchange_n(&shared.claims, &claims, claims + 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) return (u32)claims;
  return NO_PIECE;
}

int behind(const Place *place) { return place->threads > 1 && look(&shared.phase) != place->phase; }

void finish(const Place *place, u32 pieces) {
  if (place->threads > 1 && __atomic_add_fetch(&shared.done, 1, __ATOMIC_SEQ_CST) == pieces) begin_phase(place->phase + 1);
}

int next_phase(Place *place) {
  const u32 phase = place->phase++;
  place->taken = 0;
  if (place->threads == 1) return 0;
  const u32 era = look(&shared.era);
  if (changed(&shared.phase, phase, &shared.phase_sleepers, barrier_spins, patience, era)) return (int)look(&shared.lost);
  return lost_in(era);
}

u32 orion_stack(u32 number) { return number < ORION_MOST_THREADS ? (u32)(uintptr_t)(stacks[number] + STACK_BYTES) : 0; }

void orion_worker(u32 number) {
  if (number == 0 || number >= ORION_MOST_THREADS) return;
  const u32 era = look(&shared.era);
  const u32 slot = __atomic_add_fetch(&shared.slots, 1, __ATOMIC_SEQ_CST);
  /* Slots arrive in order and know the jobs before theirs: a counted thread won't miss one. */
  while (look(&shared.arrived) != slot - 1)
    if (look(&shared.era) != era) return;
  u32 seen = look(&shared.posted);
  __atomic_add_fetch(&shared.arrived, 1, __ATOMIC_SEQ_CST);
  wake(&shared.arrived);
  for (;;) {
    if (!changed(&shared.posted, seen, &shared.job_sleepers, look(&job_spins), 0, era)) return;
    seen = look(&shared.posted);
    if (look(&shared.era) != era) return;
    const u32 threads = seen & 255;
    const Task task = shared.tasks[job_number(seen) & 1];
    if (look(&shared.posted) != seen) continue; /* it may be of the next job but one */
    if (slot >= threads) continue;
    if (task.phases)
      task.phases((Place){.number = slot, .threads = threads, .phase = task.phase});
    else
      task.job(slot, threads);
    if (look(&shared.lost) || (task.job && barrier(threads))) return;
  }
}

u32 orion_await_threads(u32 count, u32 milliseconds) {
  for (u32 slept = 0;; slept++) {
    const u32 here = look(&shared.arrived);
    if (here + 1 >= count || slept >= milliseconds) return here + 1;
    sleep_at(&shared.arrived, here, 1);
  }
}

u32 orion_use_threads(u32 count) {
  if (count == 0 || count > look(&shared.arrived) + 1) return ORION_BAD_COUNT;
  __atomic_store_n(&shared.in_use, count - 1, __ATOMIC_SEQ_CST);
  return ORION_OK;
}

void orion_spin(u32 at_barriers, u32 between_calls) {
  barrier_spins = at_barriers;
  __atomic_store_n(&job_spins, between_calls, __ATOMIC_SEQ_CST);
}

void orion_patience(u32 milliseconds) { patience = milliseconds; }

void orion_dismiss(void) {
  shared.in_use = shared.waiting = shared.lost = shared.slots = shared.arrived = 0;
  __atomic_add_fetch(&shared.era, 1, __ATOMIC_SEQ_CST);
  post((Task){0}, 0);
  next_generation();
  begin_phase(shared.phase + 1);
}

#else /* one thread over memory of its own */

u32 threads_in_use(void) { return 1; }
int barrier(u32 threads) { return 0 * (int)threads; }
u32 run_job(Job *job) {
  job(0, 1);
  return ORION_OK;
}
u32 run_phases(Phases *job) {
  job((Place){.threads = 1});
  return ORION_OK;
}
u32 meet(void) { return ORION_OK; }
u32 claim(Place *place, u32 pieces) { return place->taken < pieces ? place->taken++ : NO_PIECE; }
int behind(const Place *place) { return 0 * (int)place->phase; }
void finish(const Place *place, u32 pieces) { (void)place, (void)pieces; }
int next_phase(Place *place) { return (int)(place->taken = 0); }
u32 orion_stack(u32 number) { return 0 * number; }
void orion_worker(u32 number) { (void)number; }
u32 orion_await_threads(u32 count, u32 milliseconds) {
  (void)count, (void)milliseconds;
  return 1;
}
u32 orion_use_threads(u32 count) { return count == 1 ? ORION_OK : ORION_BAD_COUNT; }
void orion_spin(u32 at_barriers, u32 between_calls) { (void)at_barriers, (void)between_calls; }
void orion_patience(u32 milliseconds) { (void)milliseconds; }
void orion_dismiss(void) {}

#endif
