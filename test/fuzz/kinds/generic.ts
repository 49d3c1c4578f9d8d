import { loadFile } from '../../../daemons/loader/load-file.ts';
import { DocumentReader } from '../../../shared/generic/document.ts';
import { deviceEnrolmentRequest } from '../../../shared/generic/device-enrolment-request.ts';
import { deviceEnrolmentResponse } from '../../../shared/generic/device-enrolment-response.ts';
import type { GenericInterface } from '../../../shared/generic/generic-interface.ts';
import { salesOrderDispatch } from '../../../shared/generic/sales-order-dispatch.ts';
import { arrived, overwritten, piecesOf, sameEitherWay } from '../arrival.ts';
import { dispatches, longDispatch, request, responses } from '../documents.ts';
import type { Kind } from '../input.ts';
import { mutatedBytes } from '../mutate/bytes.ts';
import { mutatedJson } from '../mutate/json.ts';
import type { Random } from '../random.ts';
import { andUndo, type Scene } from '../scene.ts';
import { openSealer } from '../sealer.ts';

/** Generic documents, after they were opened. */

interface Way {
  readonly known: GenericInterface;
  readonly documents: readonly object[];
  readonly inbox: string;
}

const ways: Readonly<Record<string, Way>> = {
  dispatch: {
    known: salesOrderDispatch,
    documents: [...dispatches, ...dispatches, ...dispatches, longDispatch],
    inbox: 'inboundSalesOrderDispatch',
  },
  response: {
    known: deviceEnrolmentResponse,
    documents: responses,
    inbox: 'inboundDeviceEnrolment',
  },
  request: {
    known: deviceEnrolmentRequest,
    documents: [request],
    inbox: 'outboundDeviceEnrolment',
  },
};

export async function generic(scene: Scene): Promise<Kind> {
  const sealer = await openSealer(scene.warehouse);
  const policy = scene.unsealed.config.inboxes.outboundDeviceEnrolment;
  const everyDocument = Object.values(ways).flatMap(({ documents }) => documents);
  const wayOf = (name: string): Way => {
    const way = ways[name];
    if (!way) throw new Error(`there is no way ${name}`);
    return way;
  };
  return {
    share: 35,
    mayWait: [],
    make(random) {
      const way = random.pick(Object.keys(ways));
      const bytes = changed(random, random.pick(wayOf(way).documents), random.pick(everyDocument));
      return { kind: 'generic', way, name: `${way}.json`, bytes };
    },
    async run({ way, name, bytes }) {
      const { known } = wayOf(way);
      const read = (pieces: Iterable<Uint8Array>) => () => {
        const reader = new DocumentReader(known);
        const records = Array.from(pieces, (piece) => reader.read(piece)).flat();
        return { ...reader.end(), records };
      };
      await sameEitherWay({
        whole: read([Uint8Array.from(bytes)]),
        pieces: read(overwritten(piecesOf(bytes))),
      });
      return andUndo(scene, async (runtime) => {
        const file = arrived(scene, 'in pieces', { name, bytes });
        const decision = await loadFile(runtime, file, { policy, known, keys: scene.keys });
        return decision(runtime.db);
      });
    },
    async dropped({ way, bytes }) {
      return { inbox: wayOf(way).inbox, bytes: sealer.sealed(await sealer.signed(bytes), 'curve') };
    },
  };
}

/** A document that was changed by its structure, by its bytes, or by both. */
export function changed(random: Random, document: unknown, other: unknown): Buffer {
  const bytes = Buffer.from(JSON.stringify(document));
  const how = random.below(20);
  if (how === 0) return bytes;
  if (how < 15) return mutatedJson(random, document, other);
  const from = how < 18 ? bytes : mutatedJson(random, document, other);
  return mutatedBytes(random, from, Buffer.from(JSON.stringify(other)));
}
