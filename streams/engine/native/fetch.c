/* Records of many partitions out of librdkafka, as arrays: no Python object per record.

   The librdkafka is the one that confluent-kafka brings; its functions come as a table of addresses, in the order
   of struct api, so nothing of it is needed to build this. The few declarations below are its public interface,
   whose layout is stable. A client is used by one thread at a time, except that messages may be given back by any. */

#define _GNU_SOURCE /* memmem */
#if defined(__linux__)
#include <malloc.h>
#endif
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct rd_kafka_s rd_kafka_t;
typedef struct rd_kafka_conf_s rd_kafka_conf_t;
typedef struct rd_kafka_queue_s rd_kafka_queue_t;
typedef struct rd_kafka_topic_s rd_kafka_topic_t;
typedef struct rd_kafka_topic_partition_list_s rd_kafka_topic_partition_list_t;

typedef struct rd_kafka_message_s {
    int32_t err;
    rd_kafka_topic_t *rkt;
    int32_t partition;
    void *payload;
    size_t len;
    void *key;
    size_t key_len;
    int64_t offset;
    void *_private;
} rd_kafka_message_t;

typedef struct rd_kafka_topic_partition_s {
    char *topic;
    int32_t partition;
    int64_t offset;
    void *metadata;
    size_t metadata_size;
    void *opaque;
    int32_t err;
    void *_private;
} rd_kafka_topic_partition_t;

enum { RD_KAFKA_CONSUMER = 1, CONF_OK = 0, DESTROY_WITHOUT_CLOSE = 0x8 };
enum { ERR_FATAL = -150, ERR_PARTITION_EOF = -191, ERR_AUTO_OFFSET_RESET = -140, ERR_OFFSET_OUT_OF_RANGE = 1 };

struct api {
    rd_kafka_conf_t *(*conf_new)(void);
    int (*conf_set)(rd_kafka_conf_t *, const char *, const char *, char *, size_t);
    void (*conf_set_opaque)(rd_kafka_conf_t *, void *);
    void (*conf_set_error_cb)(rd_kafka_conf_t *, void (*)(rd_kafka_t *, int, const char *, void *));
    void (*conf_set_stats_cb)(rd_kafka_conf_t *, int (*)(rd_kafka_t *, char *, size_t, void *));
    void (*conf_destroy)(rd_kafka_conf_t *);
    rd_kafka_t *(*create)(int, rd_kafka_conf_t *, char *, size_t);
    int32_t (*poll_set_consumer)(rd_kafka_t *);
    rd_kafka_queue_t *(*queue_get_consumer)(rd_kafka_t *);
    void (*queue_destroy)(rd_kafka_queue_t *);
    long (*consume_batch_queue)(rd_kafka_queue_t *, int, rd_kafka_message_t **, size_t);
    void (*message_destroy)(rd_kafka_message_t *);
    int64_t (*message_timestamp)(const rd_kafka_message_t *, int *);
    const char *(*message_errstr)(const rd_kafka_message_t *);
    const char *(*topic_name)(const rd_kafka_topic_t *);
    rd_kafka_topic_partition_list_t *(*list_new)(int);
    rd_kafka_topic_partition_t *(*list_add)(rd_kafka_topic_partition_list_t *, const char *, int32_t);
    void (*list_destroy)(rd_kafka_topic_partition_list_t *);
    int32_t (*assign)(rd_kafka_t *, const rd_kafka_topic_partition_list_t *);
    const char *(*err2str)(int32_t);
    int32_t (*consumer_close)(rd_kafka_t *);
    void (*destroy_flags)(rd_kafka_t *, int);
};

struct source {
    char *topic;
    int32_t partition;
};

enum { TEXT = 512 };

/* What went wrong in one fetch. ``kind``: 0 nothing, 1 the offset is not in the log, 2 another refusal, 3 the client knows
   no broker any more (schemas/stranded.py). */
struct failure {
    int32_t kind;
    int32_t source; /* -1 when it concerns no assigned partition */
    int64_t offset;
    char text[TEXT];
};

struct client {
    struct api api;
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    struct source *sources;
    int32_t count;
    int32_t noted; /* code of the last error of the connection, 0 when none came since it was asked for */
    char note[TEXT];
    int32_t empty;   /* reports in a row without a broker of the cluster */
    int32_t reports; /* so many of them, and it is stranded */
    rd_kafka_message_t **messages; /* of the fetch under way */
    int32_t *places;               /* their sources, -1 when dropped */
    int64_t room;
};

static void note_error(rd_kafka_t *rk, int code, const char *reason, void *opaque) {
    struct client *client = opaque;
    (void)rk;
    client->noted = code;
    snprintf(client->note, TEXT, "%s", reason);
}

static int hear_report(rd_kafka_t *rk, char *text, size_t size, void *opaque) {
    static const char learned[] = "\"source\":\"learned\"", configured[] = "\"source\":\"configured\"";
    struct client *client = opaque;
    (void)rk;
    int known = memmem(text, size, learned, sizeof learned - 1) || memmem(text, size, configured, sizeof configured - 1);
    client->empty = known ? 0 : client->empty + 1;
    return 0;
}

static void forget_sources(struct client *client) {
    for (int32_t i = 0; i < client->count; i++)
        free(client->sources[i].topic);
    free(client->sources);
    client->sources = NULL;
    client->count = 0;
}

/* Give the client back, with everything of it. All its messages must have been released. */
void nadi_fetch_destroy(struct client *client) {
    if (client == NULL)
        return;
    if (client->queue)
        client->api.queue_destroy(client->queue);
    if (client->rk)
        client->api.destroy_flags(client->rk, DESTROY_WITHOUT_CLOSE);
    forget_sources(client);
    free(client->messages);
    free(client->places);
    free(client);
}

/* Fetched and decoded batches are a few megabytes each and short-lived. By default each would be mapped, zeroed page
   by page and unmapped again; kept by the allocator they cost a tenth less of the whole fetch. */
static void keep_memory(void) {
#if defined(__GLIBC__)
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 128 << 20);
#endif
}

/* A consumer with these settings: ``n`` names and values in turn, stranded after so many ``reports``. NULL with the reason
   in ``error`` when refused. */
struct client *nadi_fetch_open(const struct api *api, const char *const *settings, int32_t n, int32_t reports,
                               char *error) {
    keep_memory();
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        snprintf(error, TEXT, "no memory");
        return NULL;
    }
    client->api = *api;
    client->reports = reports;
    rd_kafka_conf_t *conf = api->conf_new();
    for (int32_t i = 0; i < n; i++)
        if (api->conf_set(conf, settings[2 * i], settings[2 * i + 1], error, TEXT) != CONF_OK) {
            api->conf_destroy(conf);
            nadi_fetch_destroy(client);
            return NULL;
        }
    api->conf_set_opaque(conf, client);
    api->conf_set_error_cb(conf, note_error);
    api->conf_set_stats_cb(conf, hear_report);
    client->rk = api->create(RD_KAFKA_CONSUMER, conf, error, TEXT);
    if (client->rk == NULL) { /* the settings stay ours */
        api->conf_destroy(conf);
        nadi_fetch_destroy(client);
        return NULL;
    }
    api->poll_set_consumer(client->rk);
    client->queue = api->queue_get_consumer(client->rk);
    return client;
}

/* Read exactly these partitions. 0, or an error code with its text. */
int32_t nadi_fetch_assign(struct client *client, const char *const *topics, const int32_t *partitions,
                          const int64_t *offsets, int32_t n, char *error) {
    forget_sources(client);
    client->sources = calloc((size_t)(n ? n : 1), sizeof *client->sources);
    int complete = client->sources != NULL;
    for (int32_t i = 0; complete && i < n; i++) {
        size_t size = strlen(topics[i]) + 1;
        client->sources[i].partition = partitions[i];
        client->sources[i].topic = malloc(size);
        client->count = i + 1;
        complete = client->sources[i].topic != NULL;
        if (complete)
            memcpy(client->sources[i].topic, topics[i], size);
    }
    if (!complete) {
        snprintf(error, TEXT, "no memory");
        return -1;
    }
    rd_kafka_topic_partition_list_t *list = client->api.list_new(n);
    for (int32_t i = 0; i < n; i++)
        client->api.list_add(list, topics[i], partitions[i])->offset = offsets[i];
    int32_t code = client->api.assign(client->rk, list);
    if (code)
        snprintf(error, TEXT, "%s", client->api.err2str(code));
    client->api.list_destroy(list);
    return code;
}

static int32_t place_of(const struct client *client, const rd_kafka_message_t *message) {
    const char *topic = message->rkt ? client->api.topic_name(message->rkt) : NULL;
    for (int32_t i = 0; topic && i < client->count; i++)
        if (client->sources[i].partition == message->partition && strcmp(client->sources[i].topic, topic) == 0)
            return i;
    return -1;
}

static int make_room(struct client *client, int64_t rows) {
    if (rows <= client->room)
        return 1;
    free(client->messages);
    free(client->places);
    client->messages = malloc((size_t)rows * sizeof *client->messages);
    client->places = malloc((size_t)rows * sizeof *client->places);
    client->room = client->messages && client->places ? rows : 0;
    return client->room > 0;
}

/* Up to ``rows`` records, grouped by source in the order of the assignment. Waits ``wait_ms`` for the first; what is
   there then comes with it, and when that is at least ``busy`` records, what comes within ``gather_ms`` too.

   The arrays have room for ``rows``; ``counts`` and ``ends`` for one number per source: its records, and the offset
   at which its log was found to end (-1: not found). Returns the number of records, each to be released; or -1
   with ``failure`` filled in and nothing to release. */
int64_t nadi_fetch_take(struct client *client, int64_t rows, int32_t wait_ms, int64_t busy, int32_t gather_ms,
                        uint64_t *messages, int64_t *offsets, int64_t *timestamps, uint64_t *addresses,
                        int32_t *lengths, int64_t *counts, int64_t *ends, struct failure *failure) {
    const struct api *api = &client->api;
    memset(failure, 0, sizeof *failure);
    memset(counts, 0, (size_t)client->count * sizeof *counts);
    memset(ends, 0xff, (size_t)client->count * sizeof *ends);
    if (!make_room(client, rows)) {
        failure->kind = 2;
        failure->source = -1;
        snprintf(failure->text, TEXT, "no memory");
        return -1;
    }
    rd_kafka_message_t **found = client->messages;
    long got = api->consume_batch_queue(client->queue, wait_ms, found, 1);
    if (got == 1 && rows > 1) {
        long more = api->consume_batch_queue(client->queue, 0, found + got, (size_t)(rows - got));
        got += more > 0 ? more : 0;
        if (got >= busy && got < rows) {
            more = api->consume_batch_queue(client->queue, gather_ms, found + got, (size_t)(rows - got));
            got += more > 0 ? more : 0;
        }
    }
    if (got <= 0) {
        if (client->empty < client->reports)
            return 0;
        failure->kind = 3;
        failure->source = -1;
        return -1;
    }

    int32_t place = -1;
    const rd_kafka_topic_t *topic = NULL;
    int32_t partition = -1;
    for (long i = 0; i < got; i++) {
        rd_kafka_message_t *message = found[i];
        if (message->rkt != topic || message->partition != partition || topic == NULL) {
            place = place_of(client, message);
            topic = message->rkt;
            partition = message->partition;
        }
        client->places[i] = message->err ? -1 : place;
        if (client->places[i] >= 0) {
            counts[place]++;
        } else if (message->err == ERR_PARTITION_EOF) {
            if (place >= 0)
                ends[place] = message->offset;
        } else if (message->err > 0 || message->err == ERR_AUTO_OFFSET_RESET || message->err == ERR_FATAL) {
            int missing = message->err == ERR_AUTO_OFFSET_RESET || message->err == ERR_OFFSET_OUT_OF_RANGE;
            if (failure->kind == 0) {
                failure->kind = missing ? 1 : 2;
                failure->source = place;
                failure->offset = message->offset;
                snprintf(failure->text, TEXT, "%s", api->message_errstr(message));
            }
        } else if (message->err) { /* librdkafka mends it and goes on */
            note_error(client->rk, message->err, api->message_errstr(message), client);
        }
    }
    if (failure->kind) {
        for (long i = 0; i < got; i++)
            api->message_destroy(found[i]);
        return -1;
    }
    int64_t total = 0;
    for (int32_t i = 0; i < client->count; i++) { /* counts become the next place of each source, for a moment */
        int64_t count = counts[i];
        counts[i] = total;
        total += count;
    }
    for (long i = 0; i < got; i++) {
        rd_kafka_message_t *message = found[i];
        if (client->places[i] < 0) {
            api->message_destroy(message);
            continue;
        }
        int64_t at = counts[client->places[i]]++;
        int type;
        messages[at] = (uint64_t)(uintptr_t)message;
        offsets[at] = message->offset;
        timestamps[at] = api->message_timestamp(message, &type);
        addresses[at] = (uint64_t)(uintptr_t)message->payload;
        lengths[at] = (int32_t)message->len;
    }
    for (int32_t i = client->count - 1; i > 0; i--)
        counts[i] -= counts[i - 1];
    return total;
}

/* The last error of the connection since the last call: its code, 0 for none, and its text (TEXT bytes). */
int32_t nadi_fetch_noted(struct client *client, char *text) {
    int32_t code = client->noted;
    if (code)
        memcpy(text, client->note, TEXT);
    client->noted = 0;
    return code;
}

void nadi_fetch_release(const struct client *client, const uint64_t *messages, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        client->api.message_destroy((rd_kafka_message_t *)(uintptr_t)messages[i]);
}

/* Stop fetching. Messages that are still held stay valid until the client is destroyed. */
int32_t nadi_fetch_close(struct client *client) { return client->api.consumer_close(client->rk); }
