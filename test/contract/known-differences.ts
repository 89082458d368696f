import type { PlaceName } from './place.ts';

/** Where a place is known to differ from AWS. */
export interface KnownDifference {
  readonly place: PlaceName;
  /** Id of the case that fails there. */
  readonly case: string;
  /** Why, and what the product does about it. */
  readonly reason: string;
  /** What the failure says; another one is an unknown difference. */
  readonly observed: RegExp;
}

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    place: 'MiniStack',
    case: 'a name starts one execution: the same input again finds it, another input is refused',
    reason:
      'Refuses a name that is taken even where the input is the same. The product takes both answers for "it was started".',
    observed: /ExecutionAlreadyExists/,
  },
  {
    place: 'MiniStack',
    case: 'the timeout of a wait may be a JSONata expression',
    reason: 'Does not evaluate the expression. The emulator run gives the waits a fixed time.',
    observed: /'>' not supported between instances of 'str' and 'int'/,
  },
  {
    place: 'MiniStack',
    case: 'an error of a function is caught by the name that it has',
    reason:
      'Every error of a Node function is Runtime.HandlerError. The definition names functions’ errors only where they are sent with SendTaskFailure.',
    observed: /Runtime\.HandlerError/,
  },
  {
    place: 'MiniStack',
    case: 'a definition that cannot run is refused',
    reason: 'Takes any definition. The definition is checked when the stack is synthesized.',
    observed: /the call was not refused/,
  },
  {
    place: 'MiniStack',
    case: 'KMS: a changed byte does not open',
    reason: 'Its ciphertext is not authenticated. Whether a token was changed is seen on the local host.',
    observed: /the call was not refused/,
  },
  {
    place: 'MiniStack',
    case: 'Secrets Manager: a version token is used for one value',
    reason: 'Takes another value for a token that was used. Rotation is tested on the local host.',
    observed: /the call was not refused/,
  },
  {
    place: 'MiniStack',
    case: 'Secrets Manager: a rotation goes through its four steps in order',
    reason: 'Never calls the rotation function. Rotation is tested on the local host.',
    observed: /the new value did not happen/,
  },
  {
    place: 'MiniStack',
    case: 'HTTP API: the authorizer decides, its context reaches the function, and payload 2.0 has cookies',
    reason: 'Leaves cookies in the header. The emulator run splits them before each function.',
    observed: /cookies/,
  },
];
