import type { Runtime } from '../shared/daemon/process.ts';
import { noticeTask } from '../shared/probes/deliver-notices.ts';
import { probeTask } from '../shared/probes/evaluate.ts';
import { channelsOf } from '../shared/probes/notice-channels.ts';
import { SideLoop } from '../shared/runtime/side-loop.ts';
import type { Task } from '../shared/runtime/task-loop.ts';

/** They look whether it is time; a round that has nothing to do is a question to the store. */
const intervalSeconds = 5;

/**
 * Evaluates the probes and sends notices, each in a loop of its own: a mail server that stalls keeps no job waiting, and
 * a disk that is full does not keep anybody from being told so.
 */
export function probeTasks(runtime: Runtime): Task[] {
  const { everySeconds, notices } = runtime.loaded.config.probes;
  const beside = { intervalSeconds: Math.min(intervalSeconds, everySeconds), emit: runtime.emit };
  const tasks = [probeTask(runtime), ...channelsOf(notices).map((channel) => noticeTask(runtime, channel))];
  return tasks.map((task) => new SideLoop(task, beside));
}
