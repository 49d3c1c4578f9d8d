import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import type { Answer, Told } from './store-program.ts';

const program = join(import.meta.dirname, 'store-program.ts');

export interface StoreProcess {
  /** Tells the process to do something; resolves with its answer. */
  tell(...told: Told): Promise<Answer>;
  /** Ends it as a power cut would: at once. */
  kill(): Promise<void>;
}

/** Starts a real process that works on a store; see store-program.ts for what it can be told. */
export function startStoreProcess(): StoreProcess {
  const child = fork(program, { execArgv: [] });
  const exited = once(child, 'exit');
  return {
    tell: async (...told) => {
      child.send(told);
      const died = exited.then(() => {
        throw new Error('the process died before it answered');
      });
      const [answer] = (await Promise.race([once(child, 'message'), died])) as [Answer];
      return answer;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
