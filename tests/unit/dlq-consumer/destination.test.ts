import { describe, expect, test } from '@jest/globals';
import { chooseDestination, parseAllowList, type DestinationRules } from '../../../src/dlq-consumer/destination.ts';

const rules: DestinationRules = {
  allowed: parseAllowList('*.svc.cluster.local, *.svc,127.0.0.1:8081, Exact.Example.org ,'),
  broker: new URL('http://broker-ingress.knative-eventing.svc.cluster.local/ns/default'),
  unlisted: 'park',
};

const chosen = (named: string, more: Partial<DestinationRules> = {}): string => {
  const destination = chooseDestination(named, { ...rules, ...more });
  if ('refused' in destination) return 'refused';
  return destination.isBroker ? 'broker' : destination.url.href;
};

describe('where a letter goes', () => {
  test.each([
    'http://parser.acme.svc.cluster.local/',
    'http://parser.acme.svc.cluster.local:8080/path?q=1',
    'https://parser.acme.svc/',
    'http://127.0.0.1:8081/x',
    'http://exact.example.org/',
    'http://exact.example.org:99/',
  ])('%s is on the allow list, so the letter goes there', (address) => expect(chosen(address)).toBe(address));

  test('a final dot and capitals are the same name', () => {
    expect(chosen('http://Parser.Acme.SVC.cluster.local./')).toBe('http://parser.acme.svc.cluster.local./');
  });

  test('a letter that names nobody goes to the broker', () => expect(chosen('')).toBe('broker'));

  test('a letter that names the broker goes there, also when its address is on no list', () => {
    expect(chosen(rules.broker.href, { allowed: [] })).toBe('broker');
  });

  test.each([
    'http://evil.example.com/',
    'http://svc.cluster.local/',
    'http://evilsvc.cluster.local/',
    'http://parser.acme.svc.cluster.local.evil.com/',
    'http://parser.acme.svc.cluster.local@evil.com/',
    'http://user:secret@parser.acme.svc.cluster.local/',
    'http://127.0.0.1:8082/',
    'http://127.0.0.1/',
    'http://169.254.169.254/latest/meta-data',
    'http://[::1]:8081/',
    'http://0x7f.1:9000/',
    'http://2130706433:9000/',
    'ftp://parser.acme.svc.cluster.local/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'parser.acme.svc.cluster.local',
    'http://',
    'not an address',
    'http://exact.example.org.evil.com/',
    'http:\\\\evil.com\\.svc',
  ])('%s is refused: nobody may make us call it', (address) => expect(chosen(address)).toBe('refused'));

  test('an address in another writing is judged by what it means', () => {
    expect(chosen('http://0x7f.1:8081/')).toBe('http://127.0.0.1:8081/');
  });

  test('unlisted destinations go to the broker when that is configured', () => {
    expect(chosen('http://evil.example.com/', { unlisted: 'broker' })).toBe('broker');
    expect(chosen('not an address', { unlisted: 'broker' })).toBe('broker');
  });

  test('an empty list allows nothing', () => {
    expect(parseAllowList(' , ,')).toEqual([]);
    expect(chosen('http://parser.acme.svc.cluster.local/', { allowed: [] })).toBe('refused');
  });

  test('the reason does not repeat an address of any length', () => {
    const refused = chooseDestination(`http://evil.example.com/${'x'.repeat(10_000)}`, rules);
    expect('refused' in refused && refused.refused.length).toBeLessThan(300);
  });
});
