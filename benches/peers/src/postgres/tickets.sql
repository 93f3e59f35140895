-- A row for each ticket, made before the sale.
CREATE TABLE tickets (
    event_id int,
    id int,
    state "char" NOT NULL DEFAULT 'f', -- f(ree), h(eld), b(ooked)
    buyer_id int,
    expires_at timestamptz,
    PRIMARY KEY (event_id, id)
) WITH (fillfactor = 50);
CREATE INDEX tickets_free ON tickets (event_id, id) WHERE state = 'f';
CREATE INDEX tickets_by_deadline ON tickets (event_id, expires_at) WHERE state = 'h';

CREATE TABLE buyers (
    event_id int,
    buyer_id int,
    tickets int NOT NULL DEFAULT 0,
    PRIMARY KEY (event_id, buyer_id)
) WITH (fillfactor = 50);

-- Makes the tickets of holds that have ended free again.
CREATE FUNCTION give_back(the_event int) RETURNS void LANGUAGE sql AS $$
    WITH due AS (
        SELECT id, buyer_id FROM tickets WHERE event_id = the_event AND state = 'h' AND expires_at <= now()
        ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED
    ), ended AS (
        UPDATE tickets SET state = 'f', buyer_id = NULL, expires_at = NULL FROM due
        WHERE tickets.event_id = the_event AND tickets.id = due.id
    ), of_buyers AS (
        SELECT buyer_id, count(*) AS tickets FROM due GROUP BY buyer_id
    )
    UPDATE buyers SET tickets = buyers.tickets - of_buyers.tickets FROM of_buyers
    WHERE buyers.event_id = the_event AND buyers.buyer_id = of_buyers.buyer_id
$$;

-- Sets a ticket aside: the first that is free and that nobody else is just taking. Answers its number, -1 where the event is
-- sold out, -2 where the buyer has as many as they may.
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
            UPDATE tickets SET state = 'h', buyer_id = buyer, expires_at = now() + lasting_ms * interval '1 millisecond'
                WHERE event_id = the_event AND id = (
                    SELECT id FROM tickets WHERE event_id = the_event AND state = 'f'
                    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
                ) RETURNING id INTO number;
            IF FOUND THEN
                RETURN number;
            END IF;
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
CREATE FUNCTION put_on_sale(the_event int, ticket_count bigint, buyer_count int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO tickets SELECT the_event, ticket FROM generate_series(1, ticket_count) AS ticket;
    INSERT INTO buyers SELECT the_event, buyer FROM generate_series(0, buyer_count - 1) AS buyer;
$$;

-- Tickets that nobody has, that are held, and that are booked, counted one by one.
CREATE FUNCTION figures(the_event int, OUT available bigint, OUT held bigint, OUT booked bigint) LANGUAGE sql AS $$
    SELECT count(*) FILTER (WHERE state = 'f'), count(*) FILTER (WHERE state = 'h'), count(*) FILTER (WHERE state = 'b')
    FROM tickets WHERE event_id = the_event
$$;
