import { describe, expect, it } from '@jest/globals';
import { schemasOf } from '../../scripts/manifest-schemas.ts';

const definitions = {
  'io.k8s.api.apps.v1.Deployment': {
    type: 'object',
    properties: {
      port: { $ref: '#/definitions/io.k8s.apimachinery.pkg.util.intstr.IntOrString' },
      cpu: { $ref: '#/definitions/io.k8s.apimachinery.pkg.api.resource.Quantity' },
      labels: { type: 'object', additionalProperties: { type: 'string' } },
      anything: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { a: { type: 'string' } } },
    },
    'x-kubernetes-group-version-kind': [{ group: 'apps', version: 'v1', kind: 'Deployment' }],
  },
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { type: 'string', format: 'int-or-string' },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: 'string' },
  'dev.knative.serving.v1.Service': {
    type: 'object',
    properties: { spec: { type: 'object', properties: {} } },
    'x-kubernetes-group-version-kind': [{ group: 'serving.knative.dev', version: 'v1', kind: 'Service' }],
  },
  'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions': {
    type: 'object',
    'x-kubernetes-group-version-kind': [
      { group: '', version: 'v1', kind: 'DeleteOptions' },
      { group: 'apps', version: 'v1', kind: 'DeleteOptions' },
    ],
  },
};

describe('the schemas of manifests', () => {
  const schemas = schemasOf(definitions);
  const deployment = schemas.get('deployment-apps-v1') as { $ref: string; definitions: Record<string, object> };

  it('have the names that kubeconform looks for, one for each kind of its own', () => {
    expect([...schemas.keys()]).toEqual(['deployment-apps-v1', 'service-serving-v1']);
  });

  it('refuse a field that the kind does not have, except where it takes any', () => {
    const { 'io.k8s.api.apps.v1.Deployment': kind } = deployment.definitions;
    expect(kind).toMatchObject({ additionalProperties: false });
    expect(kind).toHaveProperty('properties.labels.additionalProperties.type', 'string');
    expect(kind).not.toHaveProperty('properties.anything.additionalProperties');
    expect(schemas.get('service-serving-v1')).toHaveProperty(
      ['definitions', 'dev.knative.serving.v1.Service', 'properties', 'spec', 'additionalProperties'],
      false,
    );
  });

  it('hold all that they refer to, and take numbers for quantities and ports', () => {
    expect(deployment.$ref).toBe('#/definitions/io.k8s.api.apps.v1.Deployment');
    expect(deployment.definitions).toMatchObject({
      'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { type: ['integer', 'string'] },
      'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: ['string', 'number'] },
    });
  });
});
