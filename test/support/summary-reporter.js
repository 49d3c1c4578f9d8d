/**
 * Names what was left out, and ends with the one line that people and machines look for.
 * With CI=true a test that was left out is a failure: there, every outside tool must be installed.
 */
export default class SummaryReporter {
  #leftOut = [];

  onTestFileResult(_file, result) {
    for (const test of result.testResults) {
      if (test.status === 'pending' || test.status === 'todo') this.#leftOut.push(test.fullName);
    }
  }

  onRunComplete(_contexts, results) {
    for (const name of this.#leftOut) console.log(`left out: ${name}`);
    const brokenFiles = results.numRuntimeErrorTestSuites;
    const failed = results.numFailedTests + brokenFiles + (process.env.CI ? this.#leftOut.length : 0);
    this.failed = failed > 0;
    // At the very end, below the summary of the default reporter.
    process.on('exit', () => console.log(`${results.numPassedTests} passed, ${failed} failed`));
  }

  getLastError() {
    return this.failed ? new Error('a test failed, or was left out under CI=true') : undefined;
  }
}
