#include "reader.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The calls as HDF5 1.10 has them; newer versions offer them still.
#define H5_USE_110_API
#include <hdf5/serial/hdf5.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    #error "records are written as the processor holds them"
#endif

enum { path_limit = 4096 };

typedef struct reader {
    graft_hdf5_limits left;
    graft_hdf5_limits limits;
    bool wants_elements;
    int pipe;
    /// Records wait here until there are enough of them.
    char buffer[1 << 16];
    size_t buffered;
    /// Of the object being read, without a slash in front.
    char path[path_limit + 1];
} reader;

// MARK: - Records

static void write_all(reader *reader, const void *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(reader->pipe, bytes, count);
        if (written < 0) _exit(1);  // Nobody reads any more: no handler can interrupt it.
        bytes = (const char *)bytes + written;
        count -= (size_t)written;
    }
}

static void flush(reader *reader) {
    write_all(reader, reader->buffer, reader->buffered);
    reader->buffered = 0;
}

static void put(reader *reader, const void *bytes, size_t count) {
    if (count > sizeof reader->buffer - reader->buffered) flush(reader);
    if (count > sizeof reader->buffer) {
        write_all(reader, bytes, count);
        return;
    }
    memcpy(reader->buffer + reader->buffered, bytes, count);
    reader->buffered += count;
}

static void put_byte(reader *reader, int value) { put(reader, &(uint8_t){(uint8_t)value}, 1); }
static void put_u32(reader *reader, uint32_t value) { put(reader, &value, sizeof value); }
static void put_u64(reader *reader, uint64_t value) { put(reader, &value, sizeof value); }

static void put_text(reader *reader, const char *text, size_t count) {
    put_u32(reader, (uint32_t)count);
    put(reader, text, count);
}

// MARK: - Faults: each ends the process

static _Noreturn void end(reader *reader, int record, const char *text) {
    put_byte(reader, record);
    put_text(reader, text, strlen(text));
    flush(reader);
    _exit(0);
}

static _Noreturn __attribute__((format(printf, 3, 4))) void fail(
    reader *reader, int record, const char *format, ...) {
    char text[path_limit + 512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    end(reader, record, text);
}

static _Noreturn void too_large(reader *reader, const char *what, uint64_t limit) {
    put_byte(reader, graft_hdf5_too_large);
    put_text(reader, what, strlen(what));
    put_u64(reader, limit);
    flush(reader);
    _exit(0);
}

static herr_t remember_first(unsigned depth, const H5E_error2_t *error, void *text) {
    if (depth == 0 && error->desc) snprintf(text, 256, "%s", error->desc);
    return 0;
}

/// Fails with what libhdf5 says first, which is the cause; the rest is how it got there.
static _Noreturn void damaged(reader *reader) {
    char cause[256] = "no reason";
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, remember_first, cause);
    fail(reader, graft_hdf5_damaged, "HDF5 says of '/%s': %s", reader->path, cause);
}

/// What the call returns, unless it has failed.
#define CHECKED(call) checked(reader, (int64_t)(call))

static int64_t checked(reader *reader, int64_t result) {
    if (result < 0) damaged(reader);
    return result;
}

/// `count` bytes, all zero.
static char *allocate(reader *reader, uint64_t count) {
    char *bytes = calloc(count, 1);
    if (bytes) return bytes;
    fail(reader, graft_hdf5_damaged, "reading '/%s' takes more memory than the %llu MB that the file's length allows",
         reader->path, (unsigned long long)(reader->limits.memory >> 20));
}

static void take(reader *reader, uint64_t *left, uint64_t amount, uint64_t limit, const char *what) {
    if (amount > *left) too_large(reader, what, limit);
    *left -= amount;
}

static void take_object(reader *reader) {
    take(reader, &reader->left.objects, 1, reader->limits.objects, "objects in the HDF5 file");
}

static void take_text(reader *reader, uint64_t count) {
    take(reader, &reader->left.texts, count, reader->limits.texts, "bytes of text in the HDF5 file");
}

// MARK: - Attributes

/// Sends the attribute if it is of strings: of a fixed length, padded, or each of its own.
static herr_t send_attribute(hid_t object, const char *name, const H5A_info_t *info, void *context) {
    (void)info;
    reader *reader = context;
    take_object(reader);
    hid_t attribute = CHECKED(H5Aopen(object, name, H5P_DEFAULT));
    hid_t type = CHECKED(H5Aget_type(attribute));
    hid_t space = CHECKED(H5Aget_space(attribute));
    if (H5Tget_class(type) == H5T_STRING && H5Sget_simple_extent_type(space) != H5S_NULL) {
        uint64_t count = (uint64_t)CHECKED(H5Sget_simple_extent_npoints(space));
        uint64_t width = H5Tget_size(type);
        bool varies = CHECKED(H5Tis_variable_str(type)) > 0;
        // Each string counts with its length as sent, so that empty ones are not free.
        if (width == 0 || count > reader->left.texts / (width + 4)) take_text(reader, UINT64_MAX);
        take_text(reader, count * (width + 4) + strlen(reader->path) + strlen(name) + 8);
        char *values = allocate(reader, (count + 1) * width);
        hid_t memory = CHECKED(H5Tcopy(type));
        CHECKED(H5Aread(attribute, memory, values));
        // Before the record begins: within it nothing may fail.
        for (uint64_t i = 0; varies && i < count; i++) {
            const char *value = ((char **)values)[i];
            take_text(reader, value ? strlen(value) : 0);
        }
        put_byte(reader, graft_hdf5_attribute);
        put_text(reader, reader->path, strlen(reader->path));
        put_text(reader, name, strlen(name));
        put_u32(reader, (uint32_t)count);
        for (uint64_t i = 0; i < count; i++) {
            const char *value = varies ? ((char **)values)[i] : values + i * width;
            size_t length = !value ? 0 : varies ? strlen(value) : strnlen(value, width);
            put_text(reader, value ? value : "", length);
        }
        if (varies) CHECKED(H5Dvlen_reclaim(memory, space, H5P_DEFAULT, values));
        free(values);
        CHECKED(H5Tclose(memory));
    }
    CHECKED(H5Sclose(space));
    CHECKED(H5Tclose(type));
    CHECKED(H5Aclose(attribute));
    return 0;
}

static void send_attributes(reader *reader, hid_t object) {
    hsize_t start = 0;
    CHECKED(H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_NATIVE, &start, send_attribute, reader));
}

// MARK: - Element types

static bool has_fields(hid_t type, size_t exponent_bits, size_t mantissa_bits, size_t bias) {
    size_t sign, exponent_at, exponent, mantissa_at, mantissa;
    if (H5Tget_fields(type, &sign, &exponent_at, &exponent, &mantissa_at, &mantissa) < 0) return false;
    return sign == exponent_bits + mantissa_bits && exponent_at == mantissa_bits && exponent == exponent_bits
        && mantissa_at == 0 && mantissa == mantissa_bits && H5Tget_ebias(type) == bias;
}

/// How elements of `type` are sent, and in `memory` the type to read them as; 0 if they are no numbers.
static int element_type(reader *reader, hid_t type, hid_t *memory) {
    static const char unsupported[] = "an HDF5 file whose dataset '%s' has numbers of an unusual kind";
    size_t size = H5Tget_size(type);
    switch (H5Tget_class(type)) {
    case H5T_FLOAT: {
        // Read as they are but for the order of their bytes, so that libhdf5 has nothing to convert.
        *memory = CHECKED(H5Tcopy(type));
        CHECKED(H5Tset_order(*memory, H5T_ORDER_LE));
        if (CHECKED(H5Tequal(*memory, H5T_IEEE_F32LE))) return graft_hdf5_f32;
        if (CHECKED(H5Tequal(*memory, H5T_IEEE_F64LE))) return graft_hdf5_f64;
        if (size == 2 && has_fields(type, 5, 10, 15)) return graft_hdf5_f16;
        if (size == 2 && has_fields(type, 8, 7, 127)) return graft_hdf5_bf16;
        fail(reader, graft_hdf5_unsupported, unsupported, reader->path);
    }
    case H5T_INTEGER: {
        bool is_signed = H5Tget_sign(type) == H5T_SGN_2;
        if (H5Tget_precision(type) != 8 * size) fail(reader, graft_hdf5_unsupported, unsupported, reader->path);
        switch (size) {
        case 1:
            *memory = CHECKED(H5Tcopy(is_signed ? H5T_STD_I8LE : H5T_STD_U8LE));
            return is_signed ? graft_hdf5_i8 : graft_hdf5_u8;
        case 2:
            *memory = CHECKED(H5Tcopy(is_signed ? H5T_STD_I16LE : H5T_STD_I32LE));
            return is_signed ? graft_hdf5_i16 : graft_hdf5_i32;
        case 4:
            *memory = CHECKED(H5Tcopy(is_signed ? H5T_STD_I32LE : H5T_STD_I64LE));
            return is_signed ? graft_hdf5_i32 : graft_hdf5_i64;
        case 8:
            // What does not fit becomes the largest that does.
            *memory = CHECKED(H5Tcopy(H5T_STD_I64LE));
            return graft_hdf5_i64;
        default:
            fail(reader, graft_hdf5_unsupported, unsupported, reader->path);
        }
    }
    case H5T_ENUM:
        // As h5py writes booleans: FALSE and TRUE, a byte each.
        if (size != 1 || H5Tget_nmembers(type) != 2) return 0;
        *memory = CHECKED(H5Tcopy(type));
        return graft_hdf5_bool;
    case H5T_OPAQUE:
        // As h5py writes bfloat16, of which HDF5 does not know.
        if (size != 2) return 0;
        *memory = CHECKED(H5Tcopy(type));
        return graft_hdf5_bf16;
    default:
        return 0;
    }
}

// MARK: - Datasets

/// Fails unless the elements lie in the file itself, plain or packed as h5py packs them when asked to.
static void check_storage(reader *reader, hid_t dataset) {
    hid_t creation = CHECKED(H5Dget_create_plist(dataset));
    H5D_layout_t layout = H5Pget_layout(creation);
    if ((layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED)
        || CHECKED(H5Pget_external_count(creation)) > 0) {
        fail(reader, graft_hdf5_unsupported,
             "an HDF5 file whose dataset '%s' keeps its elements in another file", reader->path);
    }
    int filters = (int)CHECKED(H5Pget_nfilters(creation));
    for (int i = 0; i < filters; i++) {
        size_t parameters = 0;
        char name[64] = "";
        H5Z_filter_t filter = (H5Z_filter_t)CHECKED(H5Pget_filter2(
            creation, (unsigned)i, NULL, &parameters, NULL, sizeof name, name, NULL));
        if (filter == H5Z_FILTER_DEFLATE || filter == H5Z_FILTER_SHUFFLE || filter == H5Z_FILTER_FLETCHER32) continue;
        fail(reader, graft_hdf5_unsupported,
             "an HDF5 file whose dataset '%s' is compressed by the filter '%.63s' (%d); save it without compression",
             reader->path, name, (int)filter);
    }
    CHECKED(H5Pclose(creation));
}

static void send_dataset(reader *reader, hid_t dataset) {
    send_attributes(reader, dataset);
    hid_t type = CHECKED(H5Dget_type(dataset));
    hid_t space = CHECKED(H5Dget_space(dataset));
    hid_t memory = H5I_INVALID_HID;
    int code = H5Sget_simple_extent_type(space) == H5S_NULL ? 0 : element_type(reader, type, &memory);
    if (code != 0) {
        check_storage(reader, dataset);
        hsize_t sides[H5S_MAX_RANK];
        int rank = (int)CHECKED(H5Sget_simple_extent_dims(space, sides, NULL));
        uint64_t bytes = H5Tget_size(memory);
        for (int i = 0; i < rank; i++) {
            if (__builtin_mul_overflow(bytes, sides[i], &bytes)) bytes = UINT64_MAX;
        }
        take(reader, &reader->left.elements, bytes, reader->limits.elements, "bytes of tensors");
        take_text(reader, strlen(reader->path) + 4);
        char *elements = NULL;
        if (reader->wants_elements && bytes > 0) {
            elements = allocate(reader, bytes);
            CHECKED(H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, elements));
        }
        put_byte(reader, graft_hdf5_dataset);
        put_text(reader, reader->path, strlen(reader->path));
        put_byte(reader, code);
        put_byte(reader, rank);
        for (int i = 0; i < rank; i++) put_u64(reader, sides[i]);
        if (elements) put(reader, elements, bytes);
        free(elements);
        CHECKED(H5Tclose(memory));
    }
    CHECKED(H5Sclose(space));
    CHECKED(H5Tclose(type));
}

// MARK: - Groups

static void send_group(reader *reader, hid_t group);

static herr_t send_member(hid_t group, const char *name, const H5L_info_t *link, void *context) {
    reader *reader = context;
    size_t start = strlen(reader->path);
    int length = snprintf(
        reader->path + start, sizeof reader->path - start, "%s%s", start == 0 ? "" : "/", name);
    if (length < 0 || (size_t)length >= sizeof reader->path - start) too_large(reader, "bytes in a path", path_limit);
    take_object(reader);
    if (link->type != H5L_TYPE_HARD) {
        fail(reader, graft_hdf5_unsupported, "an HDF5 file in which '%s' is a link to %s", reader->path,
             link->type == H5L_TYPE_EXTERNAL ? "another file" : "another place");
    }
    // By its address: as a path the name could lead through other links.
    hid_t object = CHECKED(H5Oopen_by_addr(group, link->u.address));
    switch (H5Iget_type(object)) {
    case H5I_GROUP: send_group(reader, object); break;
    case H5I_DATASET: send_dataset(reader, object); break;
    default: break;
    }
    CHECKED(H5Oclose(object));
    reader->path[start] = 0;
    return 0;
}

/// Sends what is in `group`. A group that contains itself ends here too, at the limit of the depth.
static void send_group(reader *reader, hid_t group) {
    take(reader, &reader->left.depth, 1, reader->limits.depth, "HDF5 groups one in another");
    send_attributes(reader, group);
    hsize_t start = 0;
    CHECKED(H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &start, send_member, reader));
    reader->left.depth++;
}

// MARK: - The file as bytes in memory, which libhdf5 is made to use in place instead of copying

static void *lend_malloc(size_t count, H5FD_file_image_op_t operation, void *bytes) {
    (void)count;
    (void)operation;
    return bytes;
}

static void *lend_memcpy(
    void *target, const void *source, size_t count, H5FD_file_image_op_t operation, void *bytes) {
    (void)source;
    (void)count;
    (void)operation;
    (void)bytes;
    return target;
}

static herr_t lend_free(void *target, H5FD_file_image_op_t operation, void *bytes) {
    (void)target;
    (void)operation;
    (void)bytes;
    return 0;
}

static void *lend_context(void *bytes) { return bytes; }

static herr_t return_context(void *bytes) {
    (void)bytes;
    return 0;
}

static hid_t open_image(reader *reader, const uint8_t *bytes, size_t count) {
    void *image = (void *)(uintptr_t)bytes;
    H5FD_file_image_callbacks_t lend = {
        .image_malloc = lend_malloc,
        .image_memcpy = lend_memcpy,
        .image_free = lend_free,
        .udata_copy = lend_context,
        .udata_free = return_context,
        .udata = image,
    };
    hid_t access = CHECKED(H5Pcreate(H5P_FILE_ACCESS));
    CHECKED(H5Pset_fapl_core(access, 1 << 16, 0));
    CHECKED(H5Pset_file_image_callbacks(access, &lend));
    CHECKED(H5Pset_file_image(access, image, count));
    return CHECKED(H5Fopen("weights", H5F_ACC_RDONLY, access));
}

void graft_hdf5_send(
    const uint8_t *bytes, size_t count, const graft_hdf5_limits *limits, int wants_elements, int pipe) {
    static reader only;
    reader *reader = &only;
    reader->left = reader->limits = *limits;
    reader->wants_elements = wants_elements;
    reader->pipe = pipe;

    H5dont_atexit();
    CHECKED(H5open());
    CHECKED(H5Eset_auto2(H5E_DEFAULT, NULL, NULL));
    CHECKED(H5PLset_loading_state(0));
    hid_t file = open_image(reader, bytes, count);
    hid_t root = CHECKED(H5Oopen(file, "/", H5P_DEFAULT));
    send_group(reader, root);
    put_byte(reader, graft_hdf5_end);
    flush(reader);
    // Nothing is closed: the process ends now, and what closing would find wrong does not matter.
}
