import { runWell } from '../run.ts';
import { dispatchInbox, dropAll, runDaemons, type Trunk } from '../trunk.ts';
import { adaptorOfAcknowledgements, adaptorOfResults } from './answers.ts';
import { dispatchFiles, loaderOfDispatches, loaderOfManifests, schedulerOfDispatches } from './dispatches.ts';
import { adaptorOfRequests, extractorOfBatches, requestFresh } from './requests.ts';
import { loaderOfResponses, schedulerOfResponses } from './responses.ts';
import type { Stage } from './stage.ts';

/**
 * The way of orders from the warehouse's files to the status of their devices, stage by stage. The trunk goes along;
 * the stages that are ready so far are told at once, so that nothing is left behind when a later one fails.
 */
export async function prepareStages(trunk: Trunk, stages: Stage[]): Promise<void> {
  const { installation, provider } = trunk;
  const files = await dispatchFiles(trunk);
  stages.push(await loaderOfDispatches(trunk, files));
  stages.push(await loaderOfManifests(trunk, files));
  stages.push(await schedulerOfDispatches(trunk, files));
  for (const file of [files.first, files.second, files.unmappable]) {
    await dropAll(installation, dispatchInbox, [file]);
    await runDaemons(installation, 'loader', 'scheduler');
  }
  await dropAll(installation, dispatchInbox, [files.fresh]);
  await runDaemons(installation, 'loader');
  await runWell(installation, ['job', 'run', 'salesOrderDispatch']);

  stages.push(await extractorOfBatches(trunk));
  await requestFresh(installation);
  await runDaemons(installation, 'extractor');

  stages.push(await adaptorOfRequests(trunk));
  await runDaemons(installation, 'adaptor');
  await provider.answerAll();

  stages.push(await adaptorOfAcknowledgements(trunk));
  await runDaemons(installation, 'adaptor');

  stages.push(await adaptorOfResults(trunk));
  await runDaemons(installation, 'adaptor');

  stages.push(await loaderOfResponses(trunk));
  stages.push(await schedulerOfResponses(trunk));
}
