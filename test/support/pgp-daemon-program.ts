import { openKeyRing } from '../../shared/daemon/keys.ts';
import { runDaemon } from '../../shared/daemon/process.ts';
import { PgpThreads } from '../../shared/pgp/threads.ts';

/** A daemon that always has many messages under way. @param argv home */
const [, , home = ''] = process.argv;

process.exitCode = await runDaemon('extractor', { home, once: false }, async ({ loaded, clock }) => {
  const pgp = new PgpThreads(await openKeyRing(loaded, ['own']));
  const seal = () => pgp.seal(Buffer.from('content'), { encryptTo: ['own'] }, clock.now());
  const step = async () => {
    const sealed = await Promise.all(Array.from({ length: 100 }, seal));
    if (pgp.threads.ready > 0) process.stdout.write('"event":"threads.ready"\n');
    return { worked: sealed.length, refused: 0, waiting: 0 };
  };
  return { tasks: [{ name: 'seal', step }], watch: [], intervalSeconds: 1, finish: () => pgp.close() };
});
