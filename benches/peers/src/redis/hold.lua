-- Sets a ticket aside. KEYS: the event (available, holds), its live holds by deadline, its tickets by buyer.
-- ARGV: the buyer, the most tickets of a buyer, how long in milliseconds.
-- Answers the number of the hold, -1 where the event is sold out, -2 where the buyer has as many as they may.
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)

-- Holds that have ended give their tickets back, before anything is decided.
local ended = redis.call('ZRANGE', KEYS[2], '-inf', now_ms, 'BYSCORE', 'LIMIT', 0, 100)
for _, member in ipairs(ended) do
    redis.call('ZREM', KEYS[2], member)
    redis.call('HINCRBY', KEYS[3], string.match(member, ':(.*)'), -1)
    redis.call('HINCRBY', KEYS[1], 'available', 1)
end

local event = redis.call('HMGET', KEYS[1], 'available', 'holds')
local taken = tonumber(redis.call('HGET', KEYS[3], ARGV[1]) or 0)
if taken >= tonumber(ARGV[2]) then return -2 end
if tonumber(event[1]) < 1 then return -1 end

local number = event[2] + 1
redis.call('HSET', KEYS[1], 'available', event[1] - 1, 'holds', number)
redis.call('HSET', KEYS[3], ARGV[1], taken + 1)
redis.call('ZADD', KEYS[2], now_ms + ARGV[3], number .. ':' .. ARGV[1])
return number
