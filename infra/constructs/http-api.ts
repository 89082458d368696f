import { Duration } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  type CfnStage,
  HttpApi,
  HttpMethod,
  HttpNoneAuthorizer,
  HttpStage,
  LogGroupLogDestination,
  PayloadFormatVersion,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaAuthorizer, HttpLambdaResponseType } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { ROUTES } from '#shared/operators/routes.ts';
import type { StageRecord } from '../stages.ts';
import { acknowledge } from './acknowledge.ts';
import { RetainedLogGroup } from './log-group.ts';

/** Route keys, never paths: a path can hold the locator of a mail link. */
const ACCESS_LOG = {
  requestId: '$context.requestId',
  at: '$context.requestTime',
  route: '$context.routeKey',
  status: '$context.status',
  bytes: '$context.responseLength',
  milliseconds: '$context.responseLatency',
  sourceIp: '$context.identity.sourceIp',
  error: '$context.error.message',
  authorizerError: '$context.authorizer.error',
  integrationError: '$context.integrationErrorMessage',
};

const MAIL_LINK_PATH = '/a/{locator}';

export interface PublicApiProps {
  readonly record: StageRecord;
}

/** The HTTP API. Its address is known before its routes, so functions can be told where they are reached. */
export class PublicApi extends Construct {
  readonly api: HttpApi;
  private readonly record: StageRecord;

  constructor(scope: Construct, id: string, { record }: PublicApiProps) {
    super(scope, id);
    this.record = record;
    this.api = new HttpApi(this, 'Api', {
      description: `Autopack (${record.stage})`,
      createDefaultStage: false,
    });
    const stage = new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: record.throttle.api.rate, burstLimit: record.throttle.api.burst },
      accessLogSettings: {
        destination: new LogGroupLogDestination(new RetainedLogGroup(this, 'AccessLogs', record)),
        format: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG)),
      },
    });
    const mailLink = {
      ThrottlingRateLimit: record.throttle.mailLink.rate,
      ThrottlingBurstLimit: record.throttle.mailLink.burst,
    };
    const resource = stage.node.defaultChild as CfnStage;
    resource.addPropertyOverride(
      'RouteSettings',
      Object.fromEntries(
        ROUTES.filter((route) => route.path === MAIL_LINK_PATH).map((route) => [
          `${route.method} ${route.path}`,
          mailLink,
        ]),
      ),
    );
  }

  /** `https://….execute-api.…`, without a slash at the end. */
  get url(): string {
    return this.api.apiEndpoint;
  }

  /** Wires `shared/operators/routes.ts`, route by route: there is no catch-all that could shadow one. */
  addRoutes(functionOf: (entry: string) => IFunction): void {
    const bearer = new HttpLambdaAuthorizer('Authorizer', functionOf('operators/authorize'), {
      responseTypes: [HttpLambdaResponseType.SIMPLE],
      ...(this.record.publicRead
        ? // Without an identity source there is nothing to cache by: every call is asked anew.
          { identitySource: [], resultsCacheTtl: Duration.seconds(0) }
        : { identitySource: ['$request.header.Authorization'], resultsCacheTtl: Duration.seconds(60) }),
    });
    const open = new HttpNoneAuthorizer();
    const integrations = new Map<string, HttpLambdaIntegration>();
    for (const route of ROUTES) {
      const integration =
        integrations.get(route.entry) ??
        new HttpLambdaIntegration(`${route.entry.split('/')[1]}`, functionOf(route.entry), {
          payloadFormatVersion: PayloadFormatVersion.VERSION_2_0,
        });
      integrations.set(route.entry, integration);
      const [made] = this.api.addRoutes({
        path: route.path,
        methods: [HttpMethod[route.method]],
        integration,
        authorizer: route.auth === 'bearer' ? bearer : open,
      });
      if (made !== undefined && route.auth !== 'bearer')
        acknowledge(made, {
          'AwsSolutions-APIG4':
            route.auth === 'page'
              ? 'A page that people open in a browser: the function checks its own session cookie and answers with the sign-in link.'
              : 'Public by intent: version, stage and the API description, nothing of a project.',
        });
    }
  }
}
