import { EventEmitter } from 'node:events';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** Loaded into a process before its own code (node --import): its kernel tells nothing of files, as of a file server's. */
fs.watch = (() =>
  Object.assign(new EventEmitter(), {
    close: () => undefined,
    ref: () => undefined,
    unref: () => undefined,
  })) as unknown as typeof fs.watch;
syncBuiltinESMExports();
