import type { Action, Page } from '../page.ts';
import { accountPage, changePassword } from './account.ts';
import { auditPage } from './audit.ts';
import { batchPage, reprocessAction } from './batch.ts';
import { configurationPage } from './configuration.ts';
import { daemonPage } from './daemon.ts';
import { daemonsPage } from './daemons.ts';
import { devicePage, unenrolAction } from './device.ts';
import { devicesPage } from './devices.ts';
import { fileActionList, filePage } from './file.ts';
import { filesPage } from './files.ts';
import { interfacesPage } from './interfaces.ts';
import { jobRunPage } from './job-run.ts';
import { jobPage, runJobAction, withdrawJobAction } from './job.ts';
import { jobsPage } from './jobs.ts';
import { keysPage } from './keys.ts';
import { propertiesPage, setPropertyAction } from './module-properties.ts';
import { orderPage, overrideAction, voidAction } from './order.ts';
import { overviewPage } from './overview.ts';
import { askAction, requestPage, sendAgainAction } from './provider-request.ts';
import { requestsPage } from './provider-requests.ts';
import { userActions, usersPage } from './users.ts';
import { eventsPage } from './workflow-events.ts';

/**
 * Every page, in the order of the menu. Whoever is not signed in, or has a lesser role than the page demands, does not
 * see it.
 */
export const pages: readonly Page[] = [
  overviewPage,
  daemonsPage,
  daemonPage,
  jobsPage,
  jobPage,
  jobRunPage,
  interfacesPage,
  batchPage,
  filesPage,
  filePage,
  devicesPage,
  devicePage,
  orderPage,
  requestsPage,
  requestPage,
  eventsPage,
  propertiesPage,
  configurationPage,
  keysPage,
  usersPage,
  auditPage,
  accountPage,
];

/** Every action, that is every POST besides signing in and out. */
export const actions: readonly Action[] = [
  runJobAction,
  withdrawJobAction,
  reprocessAction,
  ...fileActionList,
  unenrolAction,
  voidAction,
  overrideAction,
  askAction,
  sendAgainAction,
  setPropertyAction,
  ...userActions,
  changePassword,
];
