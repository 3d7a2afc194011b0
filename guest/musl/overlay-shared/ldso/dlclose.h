/* dlclose (part of dynlink.c): a library goes when nobody needs it any more. Libraries that were there at the start stay,
 * and so do those with thread-local storage (threads hold copies of it) and those that others refer to without
 * depending on them. */

static int is_kept(const struct dso *p)
{
	return !p->runtime_loaded || p->opened || p->pinned || p->tls.image || p->ctor_visitor
	    || !p->relocated;
}

/* Marks what has to stay. */
static void mark_needed(void)
{
	int changed = 0;
	for (struct dso *p = head; p; p = p->next) changed |= p->mark = is_kept(p);
	while (changed) {
		changed = 0;
		for (struct dso *p = head; p; p = p->next)
			for (size_t i = 0; p->mark && p->deps && p->deps[i]; i++)
				if (!p->deps[i]->mark) changed = p->deps[i]->mark = 1;
	}
}

static void run_destructors(struct dso *p)
{
	size_t dyn[DYN_CNT];
	decode_vec(p->dynv, dyn, DYN_CNT);
	if (dyn[0] & (1<<DT_FINI_ARRAY)) {
		size_t n = dyn[DT_FINI_ARRAYSZ]/sizeof(size_t);
		size_t *fn = (size_t *)laddr(p, dyn[DT_FINI_ARRAY])+n;
		while (n--) ((void (*)(void))*--fn)();
	}
	if ((dyn[0] & (1<<DT_FINI)) && dyn[DT_FINI])
		fpaddr(p, dyn[DT_FINI])();
}

/* Takes the next library to close off the list of destructors; they run in the order of that list. */
static struct dso *take_finished(void)
{
	for (struct dso **link = &fini_head, *p; (p = *link); link = &p->fini_next)
		if (!p->mark && p->constructed) {
			*link = p->fini_next;
			p->constructed = 0;
			return p;
		}
	return 0;
}

/* Takes all libraries without a mark off the lists, and answers them as a list of their own. */
static struct dso *unlink_unneeded(void)
{
	struct dso *closed = 0, *next;
	for (struct dso **link = &head->syms_next, *p; (p = *link); )
		if (p->mark) link = &p->syms_next; else *link = p->syms_next;
	for (syms_tail = head; syms_tail->syms_next; ) syms_tail = syms_tail->syms_next;
	for (struct dso *p = head; p; p = next) {
		next = p->next;
		if (p->needed_by && !p->needed_by->mark) p->needed_by = 0;
		if (p->mark) continue;
		p->prev->next = next;
		if (next) next->prev = p->prev; else tail = p->prev;
		p->next = closed;
		closed = p;
	}
	return closed;
}

/* Import tables that lead from one closed library into another keep it: release until nothing changes. */
static void release_closed(struct dso *closed)
{
	for (int changed = 1; changed; ) {
		changed = 0;
		for (struct dso *p = closed; p; p = p->next)
			if (p->map && release_object(p)) p->map = 0, changed = 1;
	}
	for (struct dso *next; closed; closed = next) {
		next = closed->next;
		if (!closed->map) free(closed->cls_block);
		if (closed->rpath != closed->rpath_orig) free(closed->rpath);
		free(closed->deps);
		free(closed);
	}
}

int dlclose(void *handle)
{
	struct dso *p = handle;
	int cs;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cs);
	pthread_rwlock_wrlock(&lock);
	int bad = __dl_invalid_handle(p);
	if (!bad && p->opened && !--p->opened && p->runtime_loaded && !shutting_down) {
		mark_needed();
		/* Destructors may call into ld.so: run them without the lock, then look again at who is needed. */
		for (struct dso *q; (q = take_finished()); ) {
			pthread_rwlock_unlock(&lock);
			run_destructors(q);
			pthread_rwlock_wrlock(&lock);
			mark_needed();
		}
		__inhibit_ptc();
		struct dso *closed = unlink_unneeded();
		release_closed(closed);
		__release_ptc();
	}
	for (p = head; p; p = p->next) p->mark = 0;
	pthread_rwlock_unlock(&lock);
	pthread_setcancelstate(cs, 0);
	return bad;
}
