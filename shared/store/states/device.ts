import type { Moves } from './state-machine.ts';

/**
 * Device enrolment.
 *
 *   Not Required ◄── Enrol Pending ──► Enrol Requested ──► Enrolled ──► Unenrol Pending ──► Unenrol Requested ──► Unenrolled
 *        ▲                 ▲                  │                                ▲                    │
 *        └─────────────────┴── Enrol Failed ◄─┘                                └── Unenrol Failed ◄─┘
 *
 * The dispatch job makes a device Enrol Pending; operators make it Unenrol Pending; the request job makes either
 * Requested; the response job settles it. An override sends devices through Enrol Pending once more; a device that was
 * never enrolled needs no provider to be let go: it becomes Not Required.
 */
export const deviceStatuses = [
  'Not Required',
  'Enrol Pending',
  'Enrol Requested',
  'Enrolled',
  'Enrol Failed',
  'Unenrol Pending',
  'Unenrol Requested',
  'Unenrolled',
  'Unenrol Failed',
] as const;
export type DeviceStatus = (typeof deviceStatuses)[number];

export const deviceMoves: Moves<DeviceStatus> = {
  'Not Required': ['Enrol Pending'],
  'Enrol Pending': ['Enrol Requested', 'Not Required'],
  'Enrol Requested': ['Enrolled', 'Enrol Failed'],
  Enrolled: ['Unenrol Pending', 'Enrol Pending'],
  'Enrol Failed': ['Enrol Pending', 'Not Required'],
  'Unenrol Pending': ['Unenrol Requested'],
  'Unenrol Requested': ['Unenrolled', 'Unenrol Failed'],
  Unenrolled: ['Enrol Pending'],
  'Unenrol Failed': ['Unenrol Pending', 'Enrol Pending'],
};

/** Whether no provider holds the device for us, or is asked to. */
export const isLetGo = (status: DeviceStatus): boolean =>
  status === 'Unenrolled' || status === 'Not Required';

/** What a request asks for one device. An override keeps some devices of its order and drops others. */
export type DeviceRole = 'enrol' | 'unenrol';

/** The status that a device takes when it is asked for, and when the answer comes. */
export const requestedStatus = (role: DeviceRole): DeviceStatus =>
  role === 'enrol' ? 'Enrol Requested' : 'Unenrol Requested';

export function settledStatus(role: DeviceRole, succeeded: boolean): DeviceStatus {
  if (role === 'enrol') return succeeded ? 'Enrolled' : 'Enrol Failed';
  return succeeded ? 'Unenrolled' : 'Unenrol Failed';
}
