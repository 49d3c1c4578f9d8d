import { transformRequest } from '../../../daemons/adaptor/transform-request.ts';
import { arrived, sameEitherWay, type Arrival } from '../arrival.ts';
import { request } from '../documents.ts';
import type { Kind } from '../input.ts';
import { andUndo, type Scene } from '../scene.ts';
import { openSealer } from '../sealer.ts';
import { changed } from './generic.ts';

/** Generic requests on their way to a provider, for batches that wait for it and for others. */
export async function requests(scene: Scene): Promise<Kind> {
  const sealer = await openSealer(scene.warehouse);
  return {
    share: 10,
    mayWait: ['BATCH_NOT_READY'],
    // Our own file, refused to operators: they are told which order and which device.
    maySay: (code) => code === 'UNMAPPABLE' || code === 'UNKNOWN_PROVIDER',
    make(random) {
      const document = random.pick(scene.requests);
      const name = `device-enrolment-request.apple.${document.identifier}.json.pgp`;
      return { kind: 'requests', way: 'request', name, bytes: changed(random, document, request) };
    },
    run(input) {
      const transform = (arrival: Arrival) => () =>
        andUndo(scene, async (runtime) => {
          const file = arrived(scene, arrival, input);
          const decision = await transformRequest({ ...runtime, loaded: scene.unsealed }, scene.keys, file);
          return decision(runtime.db);
        });
      return sameEitherWay({ memory: transform('in memory'), pieces: transform('in pieces') });
    },
    async dropped({ bytes }) {
      return { inbox: 'outboundDeviceEnrolment', bytes: sealer.sealed(await sealer.signed(bytes), 'curve') };
    },
  };
}
