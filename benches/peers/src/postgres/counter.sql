-- A counter for each event, and a row for each hold.
CREATE TABLE events (
    id int PRIMARY KEY,
    capacity bigint NOT NULL,
    available bigint NOT NULL CHECK (available BETWEEN 0 AND capacity)
) WITH (fillfactor = 10); -- room for the next version of the row beside it, so that no index is touched

CREATE TABLE buyers (
    event_id int,
    buyer_id int,
    tickets int NOT NULL DEFAULT 0,
    PRIMARY KEY (event_id, buyer_id)
) WITH (fillfactor = 50);

CREATE TABLE holds (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id int NOT NULL,
    buyer_id int NOT NULL,
    state "char" NOT NULL, -- h(eld), b(ooked), e(xpired)
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX holds_by_deadline ON holds (event_id, expires_at) WHERE state = 'h';

-- Gives back the tickets of holds that have ended.
CREATE FUNCTION give_back(the_event int) RETURNS void LANGUAGE sql AS $$
    WITH due AS (
        SELECT id FROM holds WHERE event_id = the_event AND state = 'h' AND expires_at <= now()
        ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED
    ), ended AS (
        UPDATE holds SET state = 'e' FROM due WHERE holds.id = due.id RETURNING buyer_id
    ), of_buyers AS (
        SELECT buyer_id, count(*) AS tickets FROM ended GROUP BY buyer_id
    ), returned AS (
        UPDATE buyers SET tickets = buyers.tickets - of_buyers.tickets FROM of_buyers
        WHERE buyers.event_id = the_event AND buyers.buyer_id = of_buyers.buyer_id
    )
    UPDATE events SET available = available + (SELECT count(*) FROM ended) WHERE id = the_event
$$;

-- Sets a ticket aside. Answers the number of the hold, -1 where the event is sold out, -2 where the buyer has as many as
-- they may. The row that everybody wants comes last: it is locked from then to the commit.
CREATE FUNCTION hold(the_event int, buyer int, tickets_max int, lasting_ms bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    number bigint;
    refusal bigint;
BEGIN
    FOR attempt IN 1..2 LOOP
        refusal := -2;
        UPDATE buyers SET tickets = tickets + 1
            WHERE event_id = the_event AND buyer_id = buyer AND tickets < tickets_max;
        IF FOUND THEN
            INSERT INTO holds (event_id, buyer_id, state, expires_at)
                VALUES (the_event, buyer, 'h', now() + lasting_ms * interval '1 millisecond') RETURNING id INTO number;
            UPDATE events SET available = available - 1 WHERE id = the_event AND available > 0;
            IF FOUND THEN
                RETURN number;
            END IF;
            DELETE FROM holds WHERE id = number;
            UPDATE buyers SET tickets = tickets - 1 WHERE event_id = the_event AND buyer_id = buyer;
            refusal := -1;
        END IF;
        -- Only who would be refused looks whether tickets have come free meanwhile.
        PERFORM give_back(the_event);
    END LOOP;
    RETURN refusal;
END
$$;

-- Puts an event on sale.
CREATE FUNCTION put_on_sale(the_event int, tickets bigint, buyer_count int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO events VALUES (the_event, tickets, tickets);
    INSERT INTO buyers SELECT the_event, buyer FROM generate_series(0, buyer_count - 1) AS buyer;
$$;

-- Tickets that nobody has, that are held, and that are booked, the latter two counted one by one.
CREATE FUNCTION figures(the_event int, OUT available bigint, OUT held bigint, OUT booked bigint) LANGUAGE sql AS $$
    SELECT (SELECT available FROM events WHERE id = the_event),
        (SELECT count(*) FROM holds WHERE event_id = the_event AND state = 'h'),
        (SELECT count(*) FROM holds WHERE event_id = the_event AND state = 'b')
$$;
