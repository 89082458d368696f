import { type App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { AutopackChecks } from './own-rules.ts';

/** Everything that looks at the templates while they are synthesized, beside the built-in template rules. */
export const addRules = (app: App): void =>
  Validations.of(app).addPlugins(
    new AwsSolutionsChecks(app),
    new ServerlessChecks(app),
    new AutopackChecks(app),
  );
