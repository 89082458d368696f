import { type AwsReply, type AwsRequest, awsJson, awsJsonError } from '#infra/local/service.ts';
import type { stepFunctions } from '../model/machine.ts';

type Machine = ReturnType<typeof stepFunctions>;
type Said = Readonly<Record<string, string>>;

const nameIn = (arn: string | undefined): string => arn?.split(':').at(-1) ?? '';

/**
 * Step Functions on the wire, in front of the machine that carries out `statemachines/action.asl.json`: the four
 * requests that the functions make, answered as AWS answers them.
 */
export const stepFunctionsOnTheWire =
  (machine: () => Machine) =>
  async (request: AwsRequest): Promise<AwsReply> => {
    const said = JSON.parse(request.body.toString()) as Said;
    const arn = (name: string): string => `arn:aws:states:us-east-1:000000000000:execution:action:${name}`;
    const { executions, start, answer } = machine();
    switch (request.target) {
      case 'AWSStepFunctions.StartExecution': {
        const name = said['name'] ?? '';
        const input = JSON.parse(said['input'] ?? '') as { project: string; key: string };
        const before = executions.get(name);
        // Repeated while it runs and with the same input, the request is answered like the first one.
        if (before === undefined) start(name, input);
        else if (before.status !== 'RUNNING' || JSON.stringify(before.input) !== said['input'])
          return awsJsonError(400, 'ExecutionAlreadyExists', `Execution Already Exists: '${arn(name)}'`);
        return awsJson({ executionArn: arn(name), startDate: 1 });
      }
      case 'AWSStepFunctions.DescribeExecution': {
        const found = executions.get(nameIn(said['executionArn']));
        if (found === undefined)
          return awsJsonError(400, 'ExecutionDoesNotExist', 'Execution Does Not Exist');
        return awsJson({
          executionArn: said['executionArn'],
          stateMachineArn: 'arn:aws:states:us-east-1:000000000000:stateMachine:action',
          name: found.name,
          status: found.status,
          startDate: 1,
          ...(said['includedData'] === 'METADATA_ONLY' ? {} : { input: JSON.stringify(found.input) }),
        });
      }
      case 'AWSStepFunctions.SendTaskSuccess':
      case 'AWSStepFunctions.SendTaskFailure': {
        const told = answer(
          said['taskToken'] ?? '',
          request.target.endsWith('Success')
            ? { kind: 'value', value: JSON.parse(said['output'] ?? '') }
            : { kind: 'error', error: said['error'] ?? 'States.TaskFailed' },
        );
        return told === 'told'
          ? awsJson({})
          : awsJsonError(400, 'TaskTimedOut', "Task Timed Out: 'Provided task does not exist anymore'");
      }
      default:
        return awsJsonError(501, 'NotImplemented', `nobody answers to ${request.target}`);
    }
  };
