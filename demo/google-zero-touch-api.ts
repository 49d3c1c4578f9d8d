import { randomUUID } from 'node:crypto';

import type { z } from 'zod';

import {
  claimShape,
  claimsShape,
  findShape,
  unclaimShape,
  unclaimsShape,
  type DeviceError,
} from './google-zero-touch-request-check.ts';
import { ZeroTouchService, zeroTouchRules, type ZeroTouchRules } from './google-zero-touch-service.ts';
import { TokenOffice } from './oauth2.ts';
import type { Secrets } from './simulator-files.ts';
import { answerByRoute, type Answer, type Refusal, type RoutedCall, type Service } from './service.ts';

/** The Android zero-touch reseller API, with Google's token endpoint at `/token`. */

const scope = 'https://www.googleapis.com/auth/androidworkprovisioning';
const errorType = 'type.googleapis.com/google.android.device.provisioning.v1';

export function googleZeroTouchApi(
  { serviceAccount }: Secrets,
  service = new ZeroTouchService(),
  now = () => new Date(),
): Service<ZeroTouchRules> {
  const office = new TokenOffice({ now, newId: randomUUID });
  const guard = (call: Parameters<typeof office.knows>[0]) =>
    office.knows(call) ? undefined : unauthenticated;

  /** A method below `/v1/partners/{partnerId}/devices`. */
  const method = <Body>(
    name: string,
    shape: z.ZodType<Body>,
    handle: (body: Body, partnerId: string, rules: ZeroTouchRules) => Answer,
  ) => ({
    method: 'POST' as const,
    path: new RegExp(`^/v1/partners/(?<partnerId>\\d+)/devices:${name}$`),
    takes: 'application/json' as const,
    guard,
    handle: ({ document, parameters }: RoutedCall, rules: ZeroTouchRules): Answer => {
      const { partnerId = '' } = parameters;
      const stopped = callerError(partnerId, rules);
      if (stopped) return stopped;
      const read = shape.safeParse(document);
      return read.success ? handle(read.data, partnerId, rules) : misshapen(read.error);
    },
  });
  const limited = (count: number, { devicesPerRequest }: ZeroTouchRules): Answer | undefined => {
    if (count === 0) return envelope(400, 'INVALID_ARGUMENT', 'INVALID_PARAMETER');
    return count > devicesPerRequest
      ? envelope(400, 'INVALID_ARGUMENT', 'DEVICE_UPLOAD_COUNT_EXCEEDED')
      : undefined;
  };

  const routes = [
    office.jwtBearer(/^\/token$/, serviceAccount, scope),
    method('claimAsync', claimsShape, ({ claims }, partnerId, rules) => {
      return limited(claims.length, rules) ?? ok(service.startClaims(partnerId, claims, rules));
    }),
    method('unclaimAsync', unclaimsShape, ({ unclaims }, partnerId, rules) => {
      return limited(unclaims.length, rules) ?? ok(service.startUnclaims(partnerId, unclaims, rules));
    }),
    method('claim', claimShape, (claim, partnerId, rules) => {
      const done = service.claim(partnerId, claim, rules);
      if (!('deviceId' in done)) return refused(done);
      return ok({ deviceId: done.deviceId, deviceName: `partners/${partnerId}/devices/${done.deviceId}` });
    }),
    method('unclaim', unclaimShape, (unclaim, partnerId, rules) => {
      const error = service.unclaim(partnerId, unclaim, rules);
      return error ? refused(error) : ok({});
    }),
    method('findByIdentifier', findShape, (wanted, partnerId) => {
      const found = service.find(wanted.deviceIdentifier);
      // The whole answer is empty when nothing was found: empty lists and zeros are left out.
      if (found.length === 0) return ok({});
      const first = Number(wanted.pageToken ?? '0');
      const next = first + Number(wanted.limit);
      return ok({
        devices: found.slice(first, next).map((record) => device(partnerId, record)),
        ...(next < found.length ? { nextPageToken: String(next) } : {}),
        totalSize: found.length,
      });
    }),
    {
      method: 'GET' as const,
      path: /^\/v1\/partners\/(?<partnerId>\d+)\/devices\/(?<deviceId>\d+)$/,
      guard,
      handle: (
        { parameters: { partnerId = '', deviceId = '' } }: RoutedCall,
        rules: ZeroTouchRules,
      ): Answer => {
        const found = service.record(deviceId);
        return (
          callerError(partnerId, rules) ?? (found ? ok(device(partnerId, found)) : envelope(404, 'NOT_FOUND'))
        );
      },
    },
    {
      method: 'GET' as const,
      path: /^\/v1\/(?<name>operations\/[\w/]+)$/,
      guard,
      handle: ({ parameters: { name = '' } }: RoutedCall, rules: ZeroTouchRules): Answer => {
        const operation = service.poll(name, rules);
        return operation ? ok(operation) : envelope(404, 'NOT_FOUND', 'INVALID_OPERATION_ID');
      },
    },
  ];
  return {
    rules: zeroTouchRules,
    answer: (call, rules) => answerByRoute(routes, (refusal) => refusals[refusal], call, rules),
  };
}

const ok = (body: object): Answer => ({ status: 200, body });

/** The error envelope of Google's APIs. The content of `details` is not documented for this API. */
function envelope(code: number, status: string, detail?: string): Answer {
  const details =
    detail === undefined ? {} : { details: [{ '@type': `${errorType}.ErrorDetail`, code: detail }] };
  return {
    status: code,
    body: { error: { code, message: `${status}: ${detail ?? ''}`, status, ...details } },
  };
}

const unauthenticated: Answer = {
  ...envelope(401, 'UNAUTHENTICATED'),
  headers: { 'www-authenticate': 'Bearer realm="https://accounts.google.com/"' },
};

const refusals: Record<Refusal, Answer> = {
  'no such path': envelope(404, 'NOT_FOUND'),
  'wrong method': envelope(404, 'NOT_FOUND'),
  'wrong media type': envelope(400, 'INVALID_ARGUMENT'),
  'no body': envelope(400, 'INVALID_ARGUMENT'),
  'not JSON': envelope(400, 'INVALID_ARGUMENT'),
};

function callerError(partnerId: string, rules: ZeroTouchRules): Answer | undefined {
  if (!rules.termsAccepted) {
    const details = [{ '@type': `${errorType}.TosError`, latestTosAccepted: false }];
    const message = 'The latest terms of service are not accepted.';
    return { status: 403, body: { error: { code: 403, message, status: 'PERMISSION_DENIED', details } } };
  }
  const permitted = rules.partnerId === '' || rules.partnerId === partnerId;
  return permitted ? undefined : envelope(403, 'PERMISSION_DENIED', 'INVALID_RESELLER_ID');
}

function misshapen(error: z.ZodError): Answer {
  const issue = error.issues[0];
  const message = `Invalid JSON payload received. '${issue?.path.join('.') ?? ''}': ${issue?.message ?? ''}`;
  return { status: 400, body: { error: { code: 400, message, status: 'INVALID_ARGUMENT' } } };
}

function refused({ status, errorIdentifier }: DeviceError): Answer {
  return status === 'SECTION_NOT_YOURS' || status === 'PERMISSION_DENIED'
    ? envelope(403, 'PERMISSION_DENIED', errorIdentifier ?? 'AUTHORIZATION_FAIL')
    : envelope(400, 'INVALID_ARGUMENT', errorIdentifier ?? status);
}

type Found = NonNullable<ReturnType<ZeroTouchService['record']>>;

/** A device as the reference of the API has it: a claim tells the owner and the reseller. */
function device(partnerId: string, { deviceId, identifier, claim }: Found): object {
  const ours = claim?.partnerId === partnerId ? claim : undefined;
  return {
    deviceId,
    name: `partners/${partnerId}/devices/${deviceId}`,
    deviceIdentifier: identifier,
    ...(ours
      ? {
          claims: [
            {
              ownerCompanyId: ours.customerId,
              resellerId: partnerId,
              sectionType: 'SECTION_TYPE_ZERO_TOUCH',
            },
          ],
        }
      : {}),
  };
}
