import { describe, expect, test } from '@jest/globals';
import { createRoom } from '../../../src/dlq-consumer/room.ts';

const mebibyte = 2 ** 20;

describe('room for deliveries', () => {
  test('large letters are under way up to the limit, and one that leaves makes room', () => {
    const room = createRoom(8 * mebibyte);
    const leave = room.enter(5 * mebibyte);
    expect(room.enter(4 * mebibyte)).toBeUndefined();
    expect(room.enter(3 * mebibyte)).toBeDefined();
    leave?.();
    expect(room.enter(4 * mebibyte)).toBeDefined();
  });

  test('one that is larger than the limit goes alone: it would never go otherwise', () => {
    const room = createRoom(8 * mebibyte);
    const leave = room.enter(10 * mebibyte);
    expect(leave).toBeDefined();
    expect(room.enter(mebibyte)).toBeUndefined();
    leave?.();
    expect(room.enter(mebibyte)).toBeDefined();
  });

  test('small letters always have room', () => {
    const room = createRoom(8 * mebibyte);
    room.enter(10 * mebibyte);
    for (let n = 0; n < 1_000; n++) expect(room.enter(65_536)).toBeDefined();
  });
});
