import { createHash } from 'node:crypto';

import { damaged, dispatches, mixedDispatches, orders, seal, sealDispatches, withGap } from '../fixtures.ts';
import { branch, dispatchInbox, dropAll, runDaemons, type LooseFile, type Trunk } from '../trunk.ts';
import { endsOf, filesOf, json, loose, type Ending, type Stage } from './stage.ts';

/** The warehouse's files of the good orders. */
export async function dispatchFiles({ warehouse }: Trunk) {
  const file = async (name: string, ...[first, ...others]: Parameters<typeof dispatches>) =>
    loose(name, await sealDispatches(dispatches(first, ...others), warehouse));
  return {
    first: await file('first.pgp', orders.partly, orders.beside),
    second: await file('second.pgp', orders.refused),
    unmappable: await file('third.pgp', orders.unmappable),
    earlier: await file('earlier.pgp', orders.earlier),
    sameName: await file('earlier.pgp', orders.sameName),
    twin: await file('twin-1.pgp', orders.twins),
    fresh: await file('fresh.pgp', orders.fresh),
  };
}

export type DispatchFiles = Awaited<ReturnType<typeof dispatchFiles>>;

export async function loaderOfDispatches(trunk: Trunk, files: DispatchFiles): Promise<Stage> {
  const { warehouse, unknown } = trunk;
  const document = dispatches(orders.neverLoaded);
  const otherwise = { ...document, recordCount: 'one' };
  const large = dispatches(orders.large, orders.alsoLarge);
  const largeOtherwise = { ...large, orders: [...document.orders, { id: orders.large.id, status: 'LOST' }] };
  const endings: Ending[] = [
    [files.first, 'done'],
    [files.second, 'done'],
    [files.sameName, 'done'],
    [files.twin, 'done'],
    [loose('twin-2.pgp', files.twin.bytes), 'DUPLICATE'],
    [loose('again.pgp', files.earlier.bytes), 'DUPLICATE'],
    [loose('damaged.pgp', damaged(await sealDispatches(document, warehouse))), 'PGP_INTEGRITY'],
    [loose('unknown.pgp', await sealDispatches(document, unknown)), 'PGP_UNKNOWN_SIGNER'],
    [loose('schema.pgp', await seal(json(otherwise), warehouse, 'cmp')), 'SCHEMA_VIOLATION'],
    [loose('empty.pgp', Buffer.alloc(0)), 'EMPTY_FILE'],
    [loose('large.pgp', await seal(withGap(large), warehouse, 'cmp')), 'done'],
    [loose('large-schema.pgp', await seal(withGap(largeOtherwise), warehouse, 'cmp')), 'SCHEMA_VIOLATION'],
  ];
  const template = await branch(trunk, dispatchInbox, [files.earlier]);
  await runDaemons(template, 'loader');
  await dropAll(template, dispatchInbox, filesOf(endings));
  return {
    name: 'loader: dispatches',
    daemon: 'loader',
    template,
    ends: endsOf(endings),
    fresh: (installation) => dropAll(installation, dispatchInbox, [files.fresh]),
  };
}

/** An inbox whose senders put a manifest beside each file. */
export async function loaderOfManifests(trunk: Trunk, files: DispatchFiles): Promise<Stage> {
  const endings: Ending[] = [
    [files.first, 'done'],
    [files.second, 'MANIFEST_MISMATCH'],
  ];
  const manifests = [manifestOf(files.first), { ...manifestOf(files.first), name: 'second.pgp.ok' }];
  const template = await branch(trunk, dispatchInbox, [...filesOf(endings), ...manifests]);
  await template.configure([[['inboxes', dispatchInbox, 'marker'], '.ok']]);
  return {
    name: 'loader: dispatches with manifests',
    daemon: 'loader',
    template,
    ends: endsOf(endings),
    fresh: (installation) =>
      dropAll(installation, dispatchInbox, [files.fresh, loose('fresh.pgp.ok', Buffer.alloc(0))]),
  };
}

const manifestOf = ({ name, bytes }: LooseFile): LooseFile =>
  loose(`${name}.ok`, json({ sha256: createHash('sha256').update(bytes).digest('hex') }));

/** Its scheduled jobs run, too: from the dispatches to the prepared requests. */
export async function schedulerOfDispatches(trunk: Trunk, files: DispatchFiles): Promise<Stage> {
  const mixed = loose('mixed.pgp', await sealDispatches(mixedDispatches(), trunk.warehouse));
  const template = await branch(trunk, dispatchInbox, [files.first, files.second, mixed]);
  await runDaemons(template, 'loader');
  return {
    name: 'scheduler: dispatches and requests',
    daemon: 'scheduler',
    template,
    ends: {},
    fresh: async (installation) => {
      await dropAll(installation, dispatchInbox, [files.fresh]);
      await runDaemons(installation, 'loader');
    },
  };
}
