import type { Action, Page, Stream } from '../page.ts';
import { accountPage, changePassword } from './account.ts';
import { auditPage } from './audit.ts';
import { batchPage, reprocessAction } from './batch.ts';
import { configurationPage } from './configuration.ts';
import { logStream } from './daemon-log.ts';
import { daemonPage } from './daemon.ts';
import { daemonsPage } from './daemons.ts';
import { devicePage, unenrolAction } from './device.ts';
import { devicesPage } from './devices.ts';
import { fileActionList, filePage } from './file.ts';
import { previewAction } from './file-preview.ts';
import { filesPage } from './files.ts';
import { pauseAction, resumeAction } from './intake.ts';
import { interfacesPage } from './interfaces.ts';
import { jobRunPage } from './job-run.ts';
import { jobPage, runJobAction, withdrawJobAction } from './job.ts';
import { jobSettingActions } from '../job-settings-forms.ts';
import { jobsPage } from './jobs.ts';
import { keysPage } from './keys.ts';
import { propertiesPage } from './module-properties.ts';
import { propertyPage, resetPropertyAction, setPropertyAction } from './module-property.ts';
import { orderPage, overrideAction, voidAction } from './order.ts';
import { overviewPage } from './overview.ts';
import { probesPage, testNoticeAction } from './probes.ts';
import { askAction, requestPage, sendAgainAction } from './provider-request.ts';
import { requestsPage } from './provider-requests.ts';
import { tokenActions, tokensPage } from './tokens.ts';
import { settleAction } from './request-settlement.ts';
import { reprocessSeveralAction, severalBatchesPage } from './several-batches.ts';
import { severalFilesActions, severalFilesPage } from './several-files.ts';
import { resetSettingAction, setSettingAction, settingPage } from './setting.ts';
import { retentionPage } from './retention.ts';
import { userActions, usersPage } from './users.ts';
import { schedulePage, setScheduleAction } from './schedule.ts';
import { schedulesPage } from './schedules.ts';
import { eventsPage } from './workflow-events.ts';

/**
 * Every page, in the order of the menu. Whoever is not signed in, or has a lesser role than the page demands, does not
 * see it.
 */
export const pages: readonly Page[] = [
  overviewPage,
  probesPage,
  daemonsPage,
  daemonPage,
  jobsPage,
  jobPage,
  jobRunPage,
  schedulesPage,
  schedulePage,
  interfacesPage,
  severalBatchesPage,
  batchPage,
  filesPage,
  severalFilesPage,
  filePage,
  devicesPage,
  devicePage,
  orderPage,
  requestsPage,
  requestPage,
  eventsPage,
  propertiesPage,
  propertyPage,
  configurationPage,
  settingPage,
  keysPage,
  retentionPage,
  usersPage,
  tokensPage,
  auditPage,
  accountPage,
];

/** Every action, that is every POST besides signing in and out. */
export const actions: readonly Action[] = [
  testNoticeAction,
  runJobAction,
  withdrawJobAction,
  ...jobSettingActions,
  setScheduleAction,
  pauseAction,
  resumeAction,
  reprocessAction,
  reprocessSeveralAction,
  ...fileActionList,
  ...severalFilesActions,
  previewAction,
  unenrolAction,
  voidAction,
  overrideAction,
  askAction,
  sendAgainAction,
  settleAction,
  setPropertyAction,
  resetPropertyAction,
  setSettingAction,
  resetSettingAction,
  ...userActions,
  ...tokenActions,
  changePassword,
];

/** What goes on by itself on a page. */
export const streams: readonly Stream[] = [logStream];
