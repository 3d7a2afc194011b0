/* How ld.so gets objects (part of dynlink.c): it asks the Intravisor for the hash that the file's note gives, and hands over
 * the file if the cell doesn't hold that object. Reading a file, relocating and mapping it happen once in a cell; in every
 * other compartment loading is one hostcall, then symbol lookup. */
#include <orc/abi.h>
#include <orc/boot.h>
#include <orc/hostcall.h>
#include <orc/object.h>

#define FIRST_READ 1024 /* an object's note stands behind its program headers */

/* Why the last object couldn't be loaded, where errno says too little. */
static const char *refusal;

static const char *load_reason(void)
{
	return refusal ? refusal : strerror(errno);
}

static long object_call(long number, long a, long b, long c)
{
	long (*gate)(long, long, long, long, long, long) = (void *)ORC_GATES;
	return gate(number, a, b, c, 0, 0);
}

static struct orc_object_note *find_note(unsigned char *file, size_t size, const Ehdr *header)
{
	for (size_t i = 0; i < header->e_phnum; i++) {
		const Phdr *ph = (void *)(file + header->e_phoff + i * sizeof *ph);
		if (ph->p_type != PT_NOTE || ph->p_offset > size || ph->p_filesz > size - ph->p_offset)
			continue;
		unsigned char *note = file + ph->p_offset;
		const Elf64_Nhdr *nh = (void *)note;
		if (ph->p_filesz < sizeof *nh + sizeof ORC_NOTE_NAME + sizeof(struct orc_object_note)
		    || nh->n_type != ORC_NOTE_OBJECT || nh->n_namesz != sizeof ORC_NOTE_NAME
		    || nh->n_descsz != sizeof(struct orc_object_note)
		    || memcmp(nh + 1, ORC_NOTE_NAME, sizeof ORC_NOTE_NAME))
			continue;
		return (void *)((char *)(nh + 1) + sizeof ORC_NOTE_NAME);
	}
	return 0;
}

/* The address of `size` bytes at the object's offset `offset` in the file's image; 0 for nothing. */
static uint32_t content(const unsigned char *file, size_t file_size, uint32_t offset, uint32_t size)
{
	const Ehdr *header = (void *)file;
	const Phdr *ph = (void *)(file + header->e_phoff);
	for (size_t i = 0; size && i < header->e_phnum; i++, ph++)
		if (ph->p_type == PT_LOAD && offset >= ph->p_vaddr && offset - ph->p_vaddr <= ph->p_filesz
		    && size <= ph->p_filesz - (offset - ph->p_vaddr) && ph->p_offset <= file_size
		    && ph->p_filesz <= file_size - ph->p_offset)
			return (uintptr_t)file + ph->p_offset + (offset - ph->p_vaddr);
	return 0;
}

/* Relative relocations in the form that the Intravisor takes. They come from the linker sorted by offset. */
static struct orc_relocation *read_relocations(const unsigned char *file, size_t size, uint32_t count)
{
	const Ehdr *header = (void *)file;
	const Phdr *ph = (void *)(file + header->e_phoff);
	size_t dyn[DYN_CNT] = {0}, n = 0;
	for (size_t i = 0; i < header->e_phnum; i++, ph++)
		if (ph->p_type == PT_DYNAMIC && ph->p_offset <= size && ph->p_filesz <= size - ph->p_offset)
			decode_vec((void *)(file + ph->p_offset), dyn, DYN_CNT);
	const size_t *rela = (void *)(uintptr_t)content(file, size, dyn[DT_RELA], dyn[DT_RELASZ]);
	struct orc_relocation *result = malloc(count * sizeof *result + 1);
	if (!result || !rela) return result;
	for (size_t left = dyn[DT_RELASZ] / 24; left && n < count; left--, rela += 3)
		if (R_TYPE(rela[1]) == R_X86_64_RELATIVE)
			result[n++] = (struct orc_relocation){ rela[0], rela[2] };
	return result;
}

static long register_file(unsigned char *file, size_t size, const char *name, struct orc_object_info *info)
{
	const Ehdr *header = (void *)file;
	if (header->e_phoff > size || header->e_phnum * sizeof(Phdr) > size - header->e_phoff) return -ENOEXEC;
	struct orc_object_note *note = find_note(file, size, header);
	if (!note) return -ENOEXEC;
	const struct orc_object_layout *layout = &note->layout;
	struct orc_relocation *relocations = read_relocations(file, size, layout->relocation_count);
	if (!relocations) return -ENOMEM;
	const char *slash = strrchr(name, '/');
	if (slash) name = slash + 1;
	size_t length = strlen(name);
	struct orc_object_source source = {
		.note = (uintptr_t)note,
		.constants = content(file, size, layout->constants, layout->constants_size),
		.relocated = content(file, size, layout->relocated, layout->relocated_size),
		.imports = content(file, size, layout->imports, layout->imports_size),
		.data = content(file, size, layout->data, layout->data_file_size),
		.text = content(file, size, layout->text, layout->text_size),
		.relocations = (uintptr_t)relocations,
		.name = (uintptr_t)name, .name_length = length < 64 ? length : 64,
	};
	long handle = object_call(ORC_OBJECT_REGISTER, (long)&source, (long)info, 0);
	free(relocations);
	return handle;
}

/* Reads the whole file into memory of its own for the time of one hostcall: a read-only mapping would be shared data. */
static long register_object(int fd, const char *name, struct orc_object_info *info)
{
	struct stat st;
	if (fstat(fd, &st) < 0) return -errno;
	unsigned char *file = mmap(0, st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (file == MAP_FAILED) return -errno;
	long handle = st.st_size < FIRST_READ ? -ENOEXEC : register_file(file, st.st_size, name, info);
	munmap(file, st.st_size);
	return handle;
}

static void describe_refusal(long error)
{
	if (error == -ENOEXEC) refusal = "the verifier rejects its code (the operator's log says why)";
	else if (error == -EINVAL) refusal = "its note doesn't describe it: changed after it was linked?";
	else if (error == -EMFILE) refusal = "no capability is left for it";
	else errno = -error;
}

/* What ld.so needs to know of an object stands in its mapped headers. */
static void describe(struct dso *dso, unsigned char *base, long handle, size_t size)
{
	const Ehdr *header = (void *)base;
	dso->base = dso->map = base;
	dso->map_len = size;
	dso->handle = handle;
	dso->phdr = (void *)(base + header->e_phoff);
	dso->phnum = header->e_phnum;
	dso->phentsize = header->e_phentsize;
	dso->imports = find_note(base, size, header)->layout.imports;
	const Phdr *ph = dso->phdr;
	for (size_t i = 0; i < dso->phnum; i++, ph++) {
		if (ph->p_type == PT_DYNAMIC) dso->dynv = laddr(dso, ph->p_vaddr);
		if (ph->p_type == PT_TLS) {
			dso->tls.image = laddr(dso, ph->p_vaddr);
			dso->tls.align = ph->p_align;
			dso->tls.len = ph->p_filesz;
			dso->tls.size = ph->p_memsz;
		}
		if (ph->p_type == PT_GNU_STACK && !runtime && ph->p_memsz > __default_stacksize)
			__default_stacksize = ph->p_memsz < DEFAULT_STACK_MAX ? ph->p_memsz : DEFAULT_STACK_MAX;
	}
	if (!dso->tls.size) dso->tls.image = 0;
}

static void *map_library(int fd, struct dso *dso, const char *name)
{
	union { Ehdr header; unsigned char bytes[FIRST_READ]; } first;
	struct orc_object_info info;
	refusal = 0;
	ssize_t length = pread(fd, &first, sizeof first, 0);
	if (length < 0) return 0;
	const Ehdr *header = &first.header;
	struct orc_object_note *note = 0;
	if (length >= sizeof first && !memcmp(header->e_ident, ELFMAG, SELFMAG) && header->e_type == ET_DYN
	    && header->e_phentsize == sizeof(Phdr) && header->e_phoff <= length
	    && header->e_phnum * sizeof(Phdr) <= length - header->e_phoff)
		note = find_note(first.bytes, length, header);
	if (!note) {
		refusal = "not an object made by orc-cc";
		errno = ENOEXEC;
		return 0;
	}
	long handle = object_call(ORC_OBJECT_REQUEST, (long)note->hash, (long)&info, 0);
	if (handle == -ENOENT) handle = register_object(fd, name, &info);
	if (handle < 0) {
		describe_refusal(handle);
		return 0;
	}
	/* Two files with one content: the second has nothing of its own, so it can't be a second library. */
	if (!info.fresh) {
		object_call(ORC_OBJECT_RELEASE, handle, 0, 0);
		refusal = "the same object is loaded under another name";
		errno = EEXIST;
		return 0;
	}
	describe(dso, (void *)(uintptr_t)info.base, handle, info.size);
	if (!allocate_cls(dso)) {
		object_call(ORC_OBJECT_RELEASE, handle, 0, 0);
		errno = ENOMEM;
		return 0;
	}
	return dso->map;
}

/* Whether nothing leads into it any more. */
static int release_object(struct dso *dso)
{
	return object_call(ORC_OBJECT_RELEASE, dso->handle, 0, 0) != -EBUSY;
}

/* Objects that lead into each other can't be released one by one from dlopen's error path; what stays mapped then goes
 * with the compartment. */
static void unmap_library(struct dso *dso)
{
	if (dso->map && release_object(dso)) free(dso->cls_block);
}

/* Import tables: an object's bindings are collected and made by one hostcall, since compartments whose tables are the same
 * share them. */
static struct orc_binding first_bindings[64], *bindings = first_bindings;
static size_t binding_count, binding_capacity = countof(first_bindings);

static void grow_bindings(struct dso *dso)
{
	struct orc_binding *more = malloc(2 * binding_capacity * sizeof *more);
	if (!more) {
		error("Error relocating %s: no memory for its imports", dso->name);
		if (runtime) longjmp(*rtld_fail, 1);
		_exit(127);
	}
	memcpy(more, bindings, binding_count * sizeof *more);
	if (bindings != first_bindings) free(bindings);
	bindings = more;
	binding_capacity *= 2;
}

/* An undefined weak function stays unbound: calling it faults. */
static void add_binding(struct dso *dso, size_t offset, const struct symdef *def)
{
	if (!def->sym || (!def->sym->st_value && !def->sym->st_shndx)) return;
	if (binding_count == binding_capacity) grow_bindings(dso);
	bindings[binding_count++] = (struct orc_binding){
		.import = (offset - dso->imports) / 8, .target = def->dso->handle, .entry = def->sym->st_value,
	};
}

/* When ld.so relocates itself it doesn't know yet whom its imports lead to: they are the functions that programs may
 * replace (malloc and its kind), and it doesn't call them before they are bound. */
static void bind(struct dso *dso)
{
	long result = 0;
	for (size_t done = 0, count; head != &ldso && done < binding_count && result >= 0; done += count) {
		count = binding_count - done < ORC_MAX_BINDINGS ? binding_count - done : ORC_MAX_BINDINGS;
		result = object_call(ORC_OBJECT_BIND, dso->handle, (long)(bindings + done), count);
	}
	if (bindings != first_bindings) free(bindings);
	bindings = first_bindings;
	binding_capacity = countof(first_bindings);
	binding_count = 0;
	if (result < 0) {
		error("Error relocating %s: an import isn't an entry point (%s)", dso->name, strerror(-result));
		if (runtime) longjmp(*rtld_fail, 1);
	}
}

static int depends_on(struct dso *dso, struct dso *other)
{
	for (size_t i = 0; dso->deps && dso->deps[i]; i++)
		if (dso->deps[i] == other) return 1;
	return 0;
}

/* A library that another one refers to without depending on it can't be closed any more. */
static void note_use(struct dso *dso, struct dso *used)
{
	if (used != dso && used->runtime_loaded && !used->pinned && !depends_on(dso, used)) used->pinned = 1;
}

/* What the launcher couldn't know of the program, in the vector that getauxval reads. */
static void complete_auxv(const struct dso *app, size_t entry) {
    for (size_t *each = libc.auxv; *each; each += 2)
        switch (*each) {
        case AT_PHDR:
            each[1] = (size_t)app->phdr;
            break;
        case AT_PHENT:
            each[1] = app->phentsize;
            break;
        case AT_PHNUM:
            each[1] = app->phnum;
            break;
        case AT_ENTRY:
            each[1] = entry;
            break;
        }
}

/* Loads the program that the boot data names. */
static void load_program(struct dso *app, char **argv, size_t *aux)
{
	extern hidden const struct orc_boot *libos_boot;
	char *path = (void *)(uintptr_t)libos_boot->program;
	ldso.handle = libos_boot->loader_object;
	ldso.imports = find_note(ldso.base, FIRST_READ, (Ehdr *)ldso.base)->layout.imports;
	app->name = path;
	int fd = open(path, O_RDONLY|O_CLOEXEC);
	if (fd < 0 || !map_library(fd, app, path)) {
		dprintf(2, "%s: cannot load: %s\n", path, fd < 0 ? strerror(errno) : load_reason());
		_exit(fd < 0 && errno == ENOENT ? 127 : 126);
	}
	close(fd);
	aux[AT_ENTRY] = (size_t)laddr(app, ((Ehdr *)app->base)->e_entry);
	if (!((Ehdr *)app->base)->e_entry) {
		dprintf(2, "%s: a library, not a program\n", path);
		_exit(126);
	}
        complete_auxv(app, aux[AT_ENTRY]);
}
