// The token bucket as Redis reckons it: one script, so that nobody comes between the look and the taking, and Redis' own clock, since
// those of the replicas differ. A bucket is one number, the time at which it is full again, and it expires then: a full bucket needs
// no key. A refusal writes nothing, so a flood neither keeps a key alive nor costs a replica of Redis anything.

/** KEYS: the bucket. ARGV: µs for a token, tokens of a full bucket. Answers: 1 or 0, tokens left, ms until there is one again. */
export const takeToken = `
local cost, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local whole = burst * cost
-- What is further ahead than a whole bucket was written under another rate, or by a clock that has been set back since.
local missing = math.min(whole, math.max(0, (tonumber(redis.call('GET', KEYS[1])) or 0) - now))
if missing + cost > whole then
  return { 0, 0, math.ceil((missing + cost - whole) / 1000) }
end
missing = missing + cost
redis.call('SET', KEYS[1], string.format('%.0f', now + missing), 'PX', math.ceil(missing / 1000))
return { 1, math.floor((whole - missing) / cost), 0 }
`;
