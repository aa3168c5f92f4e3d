/* Avro bodies to Arrow buffers, many values in one call, without the interpreter.

   The schema arrives as a program, one step per column in the order of the bytes (schemas/native/program.py makes
   it). A value is taken only when its bytes are exactly one value of the schema: every read is within bounds,
   numbers fit their type, texts are UTF-8, and nothing is left over. What is refused leaves no trace in the columns.

   Columns are filled lazily: memory is zeroed when it is made, so a null or an empty value writes nothing, and a
   column without any value has no memory at all. Two columns of one call never share memory, and a state belongs
   to one thread at a time. The caller guarantees that the bytes of one call are fewer than 2^31 in all, and that
   no item of an array or map is empty, so that offsets fit 32 bits. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum kind { K_NULL, K_BOOLEAN, K_INT, K_LONG, K_FLOAT, K_DOUBLE, K_STRING, K_BYTES, K_FIXED, K_ARRAY, K_MAP, K_RECORD };

struct step {
    int32_t kind;
    int32_t null_branch; /* -1: not a union; else the index of null in a union of two */
    int32_t keep;        /* 0: validated only */
    int32_t size;        /* bytes of a fixed; else 0 */
    int32_t after;       /* index of the step after this one and what is inside it */
    int32_t nulls;       /* how many steps from here on are unions of null (branch 0) and something simple */
};

struct column {
    uint8_t *valid;   /* bitmap, only of unions */
    int32_t *offsets; /* of texts, arrays and maps */
    uint8_t *data;
    int64_t capacity; /* rows that valid, offsets and fixed-width data have room for */
    int64_t bytes;    /* room of data of texts */
    int64_t filled;   /* offsets[0..filled] are written */
    int64_t used;     /* bytes of texts, items of arrays and maps */
    int64_t values;   /* rows of a union that are not null */
};

struct state {
    const struct step *steps;
    struct column *columns;
    int32_t count;
    int32_t failed; /* no memory */
    int64_t expected;
    int64_t rows;
};

static int32_t width(const struct step *step) {
    switch (step->kind) {
    case K_INT:
    case K_FLOAT:
        return 4;
    case K_LONG:
    case K_DOUBLE:
        return 8;
    case K_FIXED:
        return step->size;
    default:
        return 0;
    }
}

static int has_offsets(int32_t kind) {
    return kind == K_STRING || kind == K_BYTES || kind == K_ARRAY || kind == K_MAP;
}

static void *enlarge(struct state *state, void *memory, int64_t old, int64_t size) {
    void *made = realloc(memory, (size_t)size);
    if (made == NULL) {
        state->failed = 1;
        return NULL;
    }
    memset((char *)made + old, 0, (size_t)(size - old));
    return made;
}

/* Room for one more row; the first time for as many as are expected. */
static int widen(struct state *state, int32_t at, int64_t row) {
    const struct step *step = &state->steps[at];
    struct column *column = &state->columns[at];
    int64_t old = column->capacity;
    int64_t rows = old ? 2 * old : state->expected;
    if (rows <= row)
        rows = row + 1;
    rows = (rows + 63) & ~(int64_t)63;
    void *made;
    if (step->null_branch >= 0) {
        if ((made = enlarge(state, column->valid, old / 8, rows / 8)) == NULL)
            return 0;
        column->valid = made;
    }
    if (has_offsets(step->kind)) {
        int64_t had = old ? (old + 1) * 4 : 0;
        if ((made = enlarge(state, column->offsets, had, (rows + 1) * 4)) == NULL)
            return 0;
        column->offsets = made;
    } else if (step->kind == K_BOOLEAN) {
        if ((made = enlarge(state, column->data, old / 8, rows / 8)) == NULL)
            return 0;
        column->data = made;
    } else if (width(step) > 0) {
        if ((made = enlarge(state, column->data, old * width(step), rows * width(step))) == NULL)
            return 0;
        column->data = made;
    }
    column->capacity = rows;
    return 1;
}

static int lengthen(struct state *state, struct column *column, int64_t length) {
    int64_t size = column->bytes ? 2 * column->bytes : 16 * state->expected + 64;
    while (size < column->used + length)
        size *= 2;
    uint8_t *made = realloc(column->data, (size_t)size);
    if (made == NULL) {
        state->failed = 1;
        return 0;
    }
    column->data = made;
    column->bytes = size;
    return 1;
}

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LITTLE 1
#else
#define LITTLE 0
#endif

static inline uint64_t load64(const uint8_t *p) {
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
}

/* A zigzag varint of at most 64 bits. Returns the place after it, or NULL. */
static inline const uint8_t *read_long(const uint8_t *p, const uint8_t *end, int64_t *value) {
    if (p >= end)
        return NULL;
    uint64_t bits = *p & 0x7f;
    if (!(*p & 0x80)) {
        p++;
    } else if (LITTLE && end - p >= 8 && ~load64(p) & 0x8080808080808080u) {
        /* it ends within eight bytes: keep those, then close the gaps between the groups of seven bits */
        uint64_t word = load64(p), stops = ~word & 0x8080808080808080u;
        word &= stops ^ (stops - 1);
        word = ((word & 0x7f007f007f007f00u) >> 1) | (word & 0x007f007f007f007fu);
        word = ((word & 0xffff0000ffff0000u) >> 2) | (word & 0x0000ffff0000ffffu);
        bits = ((word & 0xffffffff00000000u) >> 4) | (word & 0x00000000ffffffffu);
        p += (__builtin_ctzll(stops) >> 3) + 1;
    } else {
        p++;
        for (int shift = 7;; shift += 7) {
            if (p >= end)
                return NULL;
            uint8_t byte = *p++;
            if (shift == 63 && byte > 1)
                return NULL;
            bits |= (uint64_t)(byte & 0x7f) << shift;
            if (!(byte & 0x80))
                break;
        }
    }
    *value = (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
    return p;
}

static int is_utf8(const uint8_t *p, const uint8_t *end) {
    while (p < end) {
        uint8_t lead = *p++;
        if (lead < 0x80)
            continue;
        int more;
        uint8_t low = 0x80, high = 0xbf;
        if (lead >= 0xc2 && lead <= 0xdf)
            more = 1;
        else if (lead >= 0xe0 && lead <= 0xef) {
            more = 2;
            if (lead == 0xe0)
                low = 0xa0; /* no overlong form */
            if (lead == 0xed)
                high = 0x9f; /* no surrogate */
        } else if (lead >= 0xf0 && lead <= 0xf4) {
            more = 3;
            if (lead == 0xf0)
                low = 0x90;
            if (lead == 0xf4)
                high = 0x8f; /* nothing above U+10FFFF */
        } else
            return 0;
        if (end - p < more)
            return 0;
        if (*p < low || *p > high)
            return 0;
        for (p++, more--; more > 0; p++, more--)
            if ((*p & 0xc0) != 0x80)
                return 0;
    }
    return 1;
}

#define NOT_ASCII 0x8080808080808080u

/* Copy (unless ``to`` is NULL), and tell whether any byte is not ASCII. Texts are short, so a call of memcpy would
   cost more; the last bytes are done by words that overlap those before. */
static inline uint64_t pass_text(uint8_t *to, const uint8_t *from, int64_t length) {
    uint64_t any = 0;
    if (length >= 16) {
        int64_t at = 0;
        for (;;) {
            uint64_t one = load64(from + at), two = load64(from + at + 8);
            if (to) {
                memcpy(to + at, &one, 8);
                memcpy(to + at + 8, &two, 8);
            }
            any |= one | two;
            if (at == length - 16)
                return any & NOT_ASCII;
            at = at + 16 <= length - 16 ? at + 16 : length - 16;
        }
    }
    if (length >= 8) {
        uint64_t one = load64(from), two = load64(from + length - 8);
        if (to) {
            memcpy(to, &one, 8);
            memcpy(to + length - 8, &two, 8);
        }
        return (one | two) & NOT_ASCII;
    }
    if (length >= 4) {
        uint32_t one, two;
        memcpy(&one, from, 4);
        memcpy(&two, from + length - 4, 4);
        if (to) {
            memcpy(to, &one, 4);
            memcpy(to + length - 4, &two, 4);
        }
        return (one | two) & (uint32_t)NOT_ASCII;
    }
    for (int64_t at = 0; at < length; at++) {
        any |= from[at];
        if (to)
            to[at] = from[at];
    }
    return any & 0x80;
}

static inline void set_bit(uint8_t *bits, int64_t row) { bits[row >> 3] |= (uint8_t)(1u << (row & 7)); }

static inline int take_bit(uint8_t *bits, int64_t row) {
    uint8_t mask = (uint8_t)(1u << (row & 7));
    int was = (bits[row >> 3] & mask) != 0;
    bits[row >> 3] &= (uint8_t)~mask;
    return was;
}

/* The offsets of rows that wrote nothing, up to and without ``row``. */
static inline void catch_up(struct column *column, int64_t row) {
    int32_t here = (int32_t)column->used;
    for (int64_t at = column->filled + 1; at <= row; at++)
        column->offsets[at] = here;
    column->filled = row;
}

static const uint8_t *read_nested(struct state *, int32_t at, int64_t row, const uint8_t *p, const uint8_t *end);

static inline const uint8_t *read_value(struct state *state, int32_t at, int64_t row, const uint8_t *p,
                                        const uint8_t *end) {
    const struct step *step = &state->steps[at];
    struct column *column = &state->columns[at];
    int64_t number;
    if (step->null_branch >= 0) {
        if ((p = read_long(p, end, &number)) == NULL || number < 0 || number > 1)
            return NULL;
        if (number == step->null_branch)
            return p;
    }
    if (step->keep) {
        if (row >= column->capacity && !widen(state, at, row))
            return NULL;
        if (step->null_branch >= 0) {
            set_bit(column->valid, row);
            column->values++;
        }
    }
    switch (step->kind) {
    case K_NULL:
        return p;
    case K_BOOLEAN:
        if (p >= end || *p > 1)
            return NULL;
        if (step->keep && *p)
            set_bit(column->data, row);
        return p + 1;
    case K_INT:
        if ((p = read_long(p, end, &number)) == NULL || number < INT32_MIN || number > INT32_MAX)
            return NULL;
        if (step->keep)
            ((int32_t *)column->data)[row] = (int32_t)number;
        return p;
    case K_LONG:
        if ((p = read_long(p, end, &number)) == NULL)
            return NULL;
        if (step->keep)
            ((int64_t *)column->data)[row] = number;
        return p;
    case K_FLOAT:
    case K_DOUBLE:
    case K_FIXED: {
        int32_t size = width(step);
        if (end - p < size)
            return NULL;
        if (step->keep) {
            uint8_t *to = column->data + row * size;
            memcpy(to, p, (size_t)size);
#if !LITTLE
            if (step->kind != K_FIXED)
                for (int32_t i = 0; i < size; i++)
                    to[i] = p[size - 1 - i];
#endif
        }
        return p + size;
    }
    case K_STRING:
    case K_BYTES: {
        if ((p = read_long(p, end, &number)) == NULL || number < 0 || number > end - p)
            return NULL;
        uint64_t high;
        if (step->keep) {
            if (column->used + number > column->bytes && !lengthen(state, column, number))
                return NULL;
            high = number ? pass_text(column->data + column->used, p, number) : 0;
            if (column->filled < row)
                catch_up(column, row);
            column->used += number;
            column->offsets[row + 1] = (int32_t)column->used;
            column->filled = row + 1;
        } else
            high = pass_text(NULL, p, number);
        if (high && step->kind == K_STRING && !is_utf8(p, p + number))
            return NULL;
        return p + number;
    }
    default:
        return read_nested(state, at, row, p, end);
    }
}

static const uint8_t *read_fields(struct state *state, int32_t at, int32_t after, int64_t row, const uint8_t *p,
                                  const uint8_t *end) {
    const struct step *steps = state->steps;
    while (at < after) {
        if (steps[at].nulls > 1 && end - p >= 8) {
            uint64_t word = load64(p);
#if LITTLE
            int32_t zeros = word ? __builtin_ctzll(word) >> 3 : 8;
#else
            int32_t zeros = word ? __builtin_clzll(word) >> 3 : 8;
#endif
            if (zeros > steps[at].nulls)
                zeros = steps[at].nulls;
            if (zeros > 0) {
                at += zeros;
                p += zeros;
                continue;
            }
        }
        p = read_value(state, at, row, p, end);
        if (p == NULL)
            return NULL;
        at = steps[at].after;
    }
    return p;
}

/* Blocks of items (and, in a map, their keys) up to the empty block. */
static const uint8_t *read_items(struct state *state, int32_t at, const uint8_t *p, const uint8_t *end) {
    struct column *column = &state->columns[at];
    for (;;) {
        int64_t count, size = -1;
        if ((p = read_long(p, end, &count)) == NULL)
            return NULL;
        if (count == 0)
            return p;
        if (count < 0) { /* the count of a block that also tells its size */
            if (count == INT64_MIN || (p = read_long(p, end, &size)) == NULL || size < 0)
                return NULL;
            count = -count;
        }
        const uint8_t *start = p;
        for (; count > 0; count--) {
            p = read_fields(state, at + 1, state->steps[at].after, column->used, p, end);
            if (p == NULL)
                return NULL;
            column->used++;
        }
        if (size >= 0 && p - start != size)
            return NULL;
    }
}

static const uint8_t *read_nested(struct state *state, int32_t at, int64_t row, const uint8_t *p,
                                  const uint8_t *end) {
    const struct step *step = &state->steps[at];
    struct column *column = &state->columns[at];
    if (step->kind == K_RECORD)
        return read_fields(state, at + 1, step->after, row, p, end);
    if (step->kind != K_ARRAY && step->kind != K_MAP)
        return NULL;
    if (step->keep && column->filled < row)
        catch_up(column, row);
    if ((p = read_items(state, at, p, end)) != NULL && step->keep) {
        column->offsets[row + 1] = (int32_t)column->used;
        column->filled = row + 1;
    }
    return p;
}

/* Take back what rows ``[rows, had)`` wrote in the columns of steps ``[at, after)``. */
static void truncate_columns(struct state *state, int32_t at, int32_t after, int64_t rows, int64_t had) {
    for (; at < after; at = state->steps[at].after) {
        const struct step *step = &state->steps[at];
        struct column *column = &state->columns[at];
        int64_t most = had < column->capacity ? had : column->capacity;
        int64_t items = column->used;
        if (has_offsets(step->kind)) {
            if (column->filled > rows)
                column->filled = rows;
            column->used = column->capacity ? column->offsets[column->filled] : 0;
        }
        if (step->null_branch >= 0)
            for (int64_t row = rows; row < most; row++)
                column->values -= take_bit(column->valid, row);
        if (step->kind == K_BOOLEAN)
            for (int64_t row = rows; row < most; row++)
                take_bit(column->data, row);
        if (step->kind == K_ARRAY || step->kind == K_MAP)
            truncate_columns(state, at + 1, step->after, column->used, items + 1); /* one may have been begun */
        else if (step->kind == K_RECORD)
            truncate_columns(state, at + 1, step->after, rows, had);
    }
}

/* Offsets up to the end, for columns that have any memory. */
static void complete(struct state *state, int32_t at, int32_t after, int64_t rows) {
    for (; at < after && !state->failed; at = state->steps[at].after) {
        const struct step *step = &state->steps[at];
        struct column *column = &state->columns[at];
        if (column->capacity && column->capacity < rows && !widen(state, at, rows - 1))
            return;
        if (column->capacity && has_offsets(step->kind))
            catch_up(column, rows);
        if (step->kind == K_ARRAY || step->kind == K_MAP)
            complete(state, at + 1, step->after, column->used);
        else if (step->kind == K_RECORD)
            complete(state, at + 1, step->after, rows);
    }
}

void nadi_avro_free(struct state *state) {
    if (state == NULL)
        return;
    for (int32_t at = 0; at < state->count; at++) {
        free(state->columns[at].valid);
        free(state->columns[at].offsets);
        free(state->columns[at].data);
    }
    free(state->columns);
    free(state);
}

enum { HEAD = 5, TAKEN = 0, REFUSED = 1, OTHER = 2 };

/* The schema id of a value, -1 where it is null, shorter than a body needs, or begins with another byte. */
static inline int64_t schema_id(const uint8_t *p, int32_t length) {
    if (p == NULL || length <= HEAD || p[0] != 0)
        return -1;
    return (int64_t)p[1] << 24 | p[2] << 16 | p[3] << 8 | p[4];
}

void nadi_avro_ids(const uint64_t *addresses, const int32_t *lengths, int64_t n, int64_t *ids) {
    for (int64_t row = 0; row < n; row++)
        ids[row] = schema_id((const uint8_t *)(uintptr_t)addresses[row], lengths[row]);
}

/* Decode the values that were written under schema ``id``. ``status[n]`` tells which were taken, which were refused,
   and which have another header. Returns NULL when there is no memory. */
struct state *nadi_avro_decode(const struct step *steps, int32_t count, int64_t id, const uint64_t *addresses,
                               const int32_t *lengths, int64_t n, uint8_t *status) {
    struct state *state = calloc(1, sizeof *state);
    if (state == NULL)
        return NULL;
    state->steps = steps;
    state->count = count;
    state->expected = n;
    state->columns = calloc((size_t)(count ? count : 1), sizeof *state->columns);
    if (state->columns == NULL) {
        free(state);
        return NULL;
    }
    for (int64_t row = 0; row < n; row++) {
        const uint8_t *p = (const uint8_t *)(uintptr_t)addresses[row];
        if (row + 4 < n)
            __builtin_prefetch((const void *)(uintptr_t)addresses[row + 4]);
        if (schema_id(p, lengths[row]) != id) {
            status[row] = OTHER;
            continue;
        }
        const uint8_t *end = p + lengths[row];
        status[row] = read_fields(state, 0, count, state->rows, p + HEAD, end) == end ? TAKEN : REFUSED;
        if (state->failed)
            break;
        if (status[row] == REFUSED)
            truncate_columns(state, 0, count, state->rows, state->rows + 1);
        else
            state->rows++;
    }
    if (!state->failed)
        complete(state, 0, count, state->rows);
    if (state->failed) {
        nadi_avro_free(state);
        return NULL;
    }
    return state;
}

int64_t nadi_avro_rows(const struct state *state) { return state->rows; }

/* Six numbers per step: the addresses of validity, offsets and data (0 where a column has no memory), bytes or
   items, rows of a union that are not null, and rows there is room for. */
void nadi_avro_columns(const struct state *state, int64_t *out) {
    for (int32_t at = 0; at < state->count; at++, out += 6) {
        const struct column *column = &state->columns[at];
        out[0] = (int64_t)(uintptr_t)column->valid;
        out[1] = (int64_t)(uintptr_t)column->offsets;
        out[2] = (int64_t)(uintptr_t)column->data;
        out[3] = column->used;
        out[4] = column->values;
        out[5] = column->capacity;
    }
}
