/* Relocatable compartment-local storage (part of dynlink.c): orc/cls.h says what an object tells about it. It is taken
 * from the heap, where small ones of several objects share pages with other data. */
#include <orc/cls.h>

/* Where an address of the object really is: variables have moved, everything else stands where it is linked to. */
static void *cls_address(const struct dso *dso, size_t value)
{
	return laddr(dso, value) + (dso->cls && value - dso->cls->start <= dso->cls->size ? dso->cls_displacement : 0);
}

/* Where a relocation belongs: not to the template, but to the copy. */
static void *cls_place(const struct dso *dso, size_t offset)
{
	const struct orc_cls *cls = dso->cls;
	if (cls && offset - cls->template < cls->template_size)
		return dso->cls_memory + (offset - cls->template);
	return laddr(dso, offset);
}

static int lies_in_cls(const struct dso *dso, size_t address)
{
	return dso->cls && address - (size_t)dso->cls_memory < dso->cls->size;
}

static const struct orc_cls *find_cls(const struct dso *dso)
{
	for (int i = 0; i < dso->phnum; i++)
		if (dso->phdr[i].p_type == ORC_PT_CLS) return laddr(dso, dso->phdr[i].p_vaddr);
	return 0;
}

/* Gives the object its variables; false for lack of memory. */
static int allocate_cls(struct dso *dso)
{
	const struct orc_cls *cls = find_cls(dso);
	if (!cls) return 1;
	size_t slack = cls->alignment > 16 ? cls->alignment : 0;
	dso->cls_block = calloc(1, cls->size + slack);
	if (!dso->cls_block) return 0;
	dso->cls = cls;
	dso->cls_memory = dso->cls_block;
	if (slack) dso->cls_memory += -(uintptr_t)dso->cls_memory & (slack - 1);
	dso->cls_displacement = dso->cls_memory - (dso->base + cls->start);
	memcpy(dso->cls_memory, laddr(dso, cls->template), cls->template_size);
	if (cls->displacement) *(size_t *)laddr(dso, cls->displacement) = dso->cls_displacement;
	return 1;
}
