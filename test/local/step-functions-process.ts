import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { wallClock } from '#infra/local/clock.ts';
import { createStepFunctions } from '#infra/local/step-functions/step-functions.ts';

/**
 * A process to be killed: runs one execution in the folder given and writes each call into the file `calls` before
 * it answers. Started again it goes on.
 */
const [dataDir = '', machineArn = '', functionArn = ''] = process.argv.slice(2);

const definition = {
  QueryLanguage: 'JSONata',
  StartAt: 'Work',
  States: {
    Work: {
      Type: 'Task',
      Resource: functionArn,
      Arguments: { n: '{% $exists($n) ? $n : 0 %}' },
      Assign: { n: '{% $states.result %}' },
      Next: 'Enough?',
    },
    'Enough?': { Type: 'Choice', Choices: [{ Condition: '{% $n < 600 %}', Next: 'Work' }], Default: 'Done' },
    Done: { Type: 'Succeed', Output: '{% $n %}' },
  },
};

const service = createStepFunctions({
  dataDir,
  accountId: '000000000000',
  region: 'eu-west-1',
  clock: wallClock(),
  awsUrl: () => '',
  invoke: async (_arn, payload) => {
    const { n } = payload as { n: number };
    appendFileSync(join(dataDir, 'calls'), `${n}\n`);
    return { payload: n + 1 };
  },
  log: (line) => appendFileSync(join(dataDir, 'log'), `${line}\n`),
});
service.onStatusChange(({ status, output }) => {
  if (status === 'RUNNING') return;
  process.stdout.write(`${status} ${output}\n`);
  clearInterval(alive);
});
// Timers of the clock do not keep a process alive.
const alive = setInterval(() => undefined, 1000);
await service.ensureStateMachine(machineArn, 'M', JSON.stringify(definition));
await service.resume();
await service.startExecution({ stateMachineArn: machineArn, name: 'one' }).catch((error: unknown) => {
  process.stdout.write(`${String(error)}\n`);
  clearInterval(alive);
});
process.stdout.write('started\n');
