import { storeFile } from '../runtime/paths.ts';
import type { Task } from '../runtime/task-loop.ts';
import { condenseCounts } from '../store/postgres/condense-counts.ts';
import { shortenWal } from '../store/sqlite/wal.ts';
import { heartbeat } from '../store/workers.ts';
import type { Runtime } from './process.ts';

const heartbeatSeconds = 10;
const megabyte = 1024 * 1024;

/**
 * Writes the heartbeat from within the loop, so that it tells of progress and not merely of a running timer, and looks
 * after the store at the same pace. With it goes which configuration is in force: at once after that was renewed.
 */
export function signOfLife(runtime: Runtime, isRenewed: boolean): Task {
  const { db, worker, clock, loaded } = runtime;
  const lookAfterStore = storeCare(runtime);
  let last = isRenewed ? -Infinity : clock.monotonic();
  return {
    name: 'sign of life',
    step: async () => {
      if (clock.monotonic() - last > heartbeatSeconds * 1000) {
        last = clock.monotonic();
        await heartbeat(db, worker, clock.now(), loaded.digest);
        await lookAfterStore();
      }
      return { worked: 0, refused: 0, waiting: 0 };
    },
  };
}

function storeCare(runtime: Runtime): () => Promise<void> {
  const file = storeFile(runtime.loaded);
  return file === undefined ? () => condenseCounts(runtime.db) : walWatch(runtime, file);
}

/** Tells operators when the write-ahead log is too long and cannot be cut; again each time that it has doubled. */
function walWatch({ db, loaded, emit }: Runtime, file: string): () => Promise<void> {
  const limit = loaded.config.store.walMegabytes * megabyte;
  let told = 0;
  return async () => {
    const bytes = await shortenWal(db, file, limit);
    if (bytes <= limit) told = 0;
    else if (bytes >= 2 * told) {
      told = bytes;
      emit('store.wal-large', {
        file: `${file}-wal`,
        megabytes: Math.ceil(bytes / megabyte),
        action: 'Find the program that keeps the store open for reading, a backup or a shell, and end it.',
      });
    }
  };
}
