import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { jobNamed } from '../../../jobs/registry.ts';
import { runJob, type FinishedRun } from '../../../jobs/run-job.ts';
import { markOf } from '../../../shared/spool/files.ts';
import { makeInbox } from '../../../shared/spool/layout.ts';
import { inboxNames } from '../../../shared/runtime/paths.ts';
import type { Delivery } from '../../../shared/store/deliveries.ts';
import { filesUnder } from '../../support/temporary-spool.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';

export const inbox = 'inboundSalesOrderDispatch';
const day = 86_400_000;

export interface ArchivedFile {
  readonly name: string;
  readonly content?: string;
  readonly state?: Delivery['state'];
  readonly daysAgo: number;
}

/** A spool with files of any age, over a store that knows them. */
export class RetentionScene {
  readonly rt: TestRuntime;
  readonly spool: string;

  private constructor(rt: TestRuntime) {
    this.rt = rt;
    this.spool = join(rt.loaded.home, 'spool');
  }

  static async open(retention: object): Promise<RetentionScene> {
    const scene = new RetentionScene(await testRuntime({ retention }));
    for (const name of inboxNames(scene.rt.loaded.config)) await makeInbox(join(scene.spool, name));
    return scene;
  }

  /** The same spool and store with other settings. */
  withSettings(retention: object): RetentionScene {
    const { loaded } = this.rt;
    const config = { ...loaded.config, retention: { ...loaded.config.retention, ...retention } };
    return new RetentionScene({ ...this.rt, loaded: { ...loaded, config } });
  }

  at(daysAgo: number): Date {
    return new Date(this.rt.clock.now().getTime() - daysAgo * day);
  }

  /** Where a file of that state and age lies. */
  placeOf({ name, state = 'done', daysAgo }: ArchivedFile): string {
    const date = this.at(daysAgo).toISOString().slice(0, 10).replaceAll('-', '/');
    const folders = { done: `done/${date}`, rejected: 'rejected', held: 'hold', deferred: 'work' } as const;
    const folder = state === 'seen' || state === 'claimed' ? 'work' : folders[state];
    return `${inbox}/${folder}/${name}`;
  }

  /** A file with its row, as settling left them. */
  async archive(file: ArchivedFile, own: Partial<Delivery> = {}): Promise<Delivery> {
    const { content = `content of ${file.name}`, state = 'done' } = file;
    const place = this.placeOf(file);
    await this.write(place, content);
    const mark = await markOf(join(this.spool, place));
    const settled = state === 'done' || state === 'rejected' || state === 'held';
    const at = this.at(file.daysAgo).toISOString();
    return this.rt.db
      .insertInto('delivery')
      .values({
        direction: 'in',
        folder: inbox,
        name: file.name,
        state,
        attempts: 1,
        crashes: 0,
        dev: mark?.dev ?? null,
        inode: mark?.inode ?? null,
        size: mark?.size ?? null,
        mtime_ns: mark?.mtimeNs ?? null,
        digest: createHash('sha256').update(content).digest('hex'),
        identity: state === 'done' ? file.name : null,
        place,
        seen_at: at,
        settled_at: settled ? at : null,
        moved_at: settled ? at : null,
        ...own,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
  }

  async write(place: string, content: string): Promise<void> {
    await mkdir(dirname(join(this.spool, place)), { recursive: true });
    await writeFile(join(this.spool, place), content);
  }

  dryRun(): Promise<FinishedRun> {
    return runJob(this.rt, jobNamed('retentionDryRun'), 'operator');
  }

  run(): Promise<FinishedRun> {
    return runJob(this.rt, jobNamed('retention'), 'schedule');
  }

  /** What lies in the inbox. */
  async files(): Promise<string[]> {
    return (await filesUnder(join(this.spool, inbox))).map((path) => path.split('/').at(-1) ?? '').sort();
  }

  async row(id: number): Promise<Delivery> {
    return this.rt.db.selectFrom('delivery').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  }

  close(): Promise<void> {
    return this.rt.close();
  }
}
