import { Readable } from 'node:stream';
import { createDeflate } from 'node:zlib';

import { loadFile } from '../../../daemons/loader/load-file.ts';
import { deviceEnrolmentResponse } from '../../../shared/generic/device-enrolment-response.ts';
import type { GenericInterface } from '../../../shared/generic/generic-interface.ts';
import { salesOrderDispatch } from '../../../shared/generic/sales-order-dispatch.ts';
import { configSchema, type InboxConfig } from '../../../shared/runtime/config-schema.ts';
import { armourOf, packet } from '../../support/pgp.ts';
import { arrived, sameEitherWay, told, type Arrival, type End } from '../arrival.ts';
import { dispatches, responses } from '../documents.ts';
import type { Input, Kind } from '../input.ts';
import { mutatedBytes } from '../mutate/bytes.ts';
import { mutatedJson } from '../mutate/json.ts';
import { mutatedLines } from '../mutate/lines.ts';
import { compressedPackets, hasPassableType, mutatedPackets } from '../mutate/packets.ts';
import type { Random } from '../random.ts';
import { andUndo, fixture, fixtureNames, type Scene } from '../scene.ts';
import { openSealer, type Sealer } from '../sealer.ts';

/** Sealed files: changed from outside, and changed within by a sender who then seals them properly. */

interface Way {
  readonly known: GenericInterface;
  readonly policy: InboxConfig;
}

function inbox(settings: object): InboxConfig {
  // Unpacked, it may be twenty times as much, and what is unpacked takes time.
  const inboundSalesOrderDispatch = { signedBy: ['warehouse'], maxFileMegabytes: 0.05, ...settings };
  return configSchema.parse({ inboxes: { inboundSalesOrderDispatch } }).inboxes.inboundSalesOrderDispatch;
}

const dispatch = salesOrderDispatch as GenericInterface;
const response = deviceEnrolmentResponse as GenericInterface;
const ways: Readonly<Record<string, Way>> = {
  dispatch: { known: dispatch, policy: inbox({}) },
  'dispatch, signed or not': { known: dispatch, policy: inbox({ signature: 'optional' }) },
  'dispatch, not signed': { known: dispatch, policy: inbox({ signature: 'forbidden' }) },
  response: { known: response, policy: inbox({}) },
  // More than is opened in memory, and no bomb for all that.
  'large dispatch': { known: dispatch, policy: inbox({ maxFileMegabytes: 2 }) },
};

export async function ciphertext(scene: Scene): Promise<Kind> {
  const sealer = await openSealer(scene.warehouse);
  const outside = await changedOutside();
  const fileOf = ({ bytes, inside }: Input): Buffer =>
    inside === undefined ? bytes : sealer.sealed(bytes, inside);

  const load =
    ({ known, policy }: Way, arrival: Arrival, file: { name: string; bytes: Buffer }) =>
    () =>
      andUndo(scene, async (runtime) => {
        const received = arrived(scene, arrival, file);
        const decision = await loadFile(runtime, received, { policy, known, keys: scene.keys });
        const { batchId, ...outcome } = await decision(runtime.db);
        const items = runtime.db
          .selectFrom('batch_item')
          .select('payload_json')
          .where('batch_id', '=', batchId ?? 0);
        return { ...outcome, items: await items.execute() };
      });

  return {
    share: 20,
    mayWait: ['PGP_SIGNED_IN_FUTURE'],
    async make(random) {
      const way = random.pick([...Object.keys(ways), 'dispatch', 'dispatch']);
      const name = `${way.replaceAll(/\W+/g, '-')}.wh-east.884210.json.pgp`;
      if (random.chance(0.55)) return { kind: 'ciphertext', way, name, bytes: outside(random) };
      const inside = random.chance(0.04) ? 'rsa' : random.pick(['curve', 'curve', 'gcm', 'ocb'] as const);
      const document = random.pick<object>(way === 'response' ? responses : dispatches);
      return { kind: 'ciphertext', way, name, bytes: await changedWithin(random, sealer, document), inside };
    },
    run(input) {
      const way = ways[input.way];
      if (!way) throw new Error(`there is no way ${input.way}`);
      const file = { name: input.name, bytes: fileOf(input) };
      return sameEitherWay(
        { memory: load(way, 'in memory', file), pieces: load(way, 'in pieces', file) },
        (memory, pieces) => isAsGood(memory, pieces, input),
      );
    },
    dropped: (input) =>
      Promise.resolve({
        inbox: input.way === 'response' ? 'inboundDeviceEnrolment' : 'inboundSalesOrderDispatch',
        bytes: fileOf(input),
      }),
  };
}

/** Sealed files of several programs, changed by somebody who cannot open them. */
async function changedOutside(): Promise<(random: Random) => Buffer> {
  const files = await Promise.all((await fixtureNames('sealed')).map((name) => fixture('sealed', name)));
  const isArmoured = (file: Buffer) => file.toString('latin1', 0, 5) === '-----';
  const binary = files.filter((file) => !isArmoured(file));
  const armoured = [...files.filter(isArmoured), ...binary.map((file) => Buffer.from(armourOf(file)))];
  return (random) => {
    const how = random.below(20);
    if (how === 0) return random.pick(files);
    if (how < 9) return mutatedBytes(random, random.pick(files), random.pick(files));
    if (how < 17) return mutatedPackets(random, random.pick(binary), random.pick(binary));
    return mutatedLines(random, random.pick(armoured), random.pick(armoured));
  };
}

/** Packets with a document, changed before they are sealed. */
async function changedWithin(random: Random, sealer: Sealer, document: object): Promise<Buffer> {
  const how = random.below(20);
  if (how < 8) {
    const packets = await sealer.signed(mutatedJson(random, document, random.pick(dispatches)));
    return random.chance(0.7) ? packets : compressedPackets(random, packets);
  }
  const packets = await sealer.signed(Buffer.from(JSON.stringify(document)));
  const good = random.chance(0.6) ? packets : compressedPackets(random, packets);
  if (how < 17) return mutatedPackets(random, good, packets);
  if (how < 19) return mutatedBytes(random, good, packets);
  return random.chance(0.1) ? bomb(random) : good;
}

/**
 * Whatever is wrong may be seen in another order. And the library reads less of a large message: it takes what stands
 * between the data and the signature for the signature, even what is to be passed over, and knows fewer ciphers.
 */
function isAsGood<T>(memory: End<T>, pieces: End<T>, { bytes, inside }: Input): boolean {
  if (memory.fault && pieces.fault) return memory.fault.class === pieces.fault.class;
  if (memory.fault || !pieces.fault) return told(memory) === told(pieces);
  if (pieces.fault.code === 'PGP_WEAK_ALGORITHM') return true;
  return inside !== undefined && hasPassableType(bytes);
}

/** Sizes, in megabytes, of what unpacks to more than an inbox here allows, than is held in memory, than any allows. */
const bombSizes = [3, 36, 44];
const megabyte = Buffer.alloc(1024 * 1024);

/** Compressed data: a packet of literal data that holds nothing but zeros. It is never whole in memory here. */
async function bomb(random: Random): Promise<Buffer> {
  const megabytes = random.pick(bombSizes);
  const start = Buffer.from([0xcb, 0xff, 0, 0, 0, 0, 0x62, 0, 0, 0, 0, 0]);
  start.writeUInt32BE(megabytes * megabyte.length + 6, 2);
  const pieces = [start, ...Array.from({ length: megabytes }, () => megabyte)];
  const packed = (await Readable.from(pieces).pipe(createDeflate()).toArray()) as Buffer[];
  return Buffer.from(packet(8, Buffer.concat([Buffer.of(2), ...packed])));
}
