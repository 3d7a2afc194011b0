# The system root that ships with orc: what a guest sees at "/", read-only on the host's side, with a layer in the
# guest's memory above it. Time zones are Debian's.
SYSTEM_ROOT := $(BUILD)/lib/orc/root
SYSTEM_ROOT_FILES := $(shell find guest/root/etc -type f)
PROGRAMS += $(SYSTEM_ROOT).key
$(SYSTEM_ROOT).key: $(SYSTEM_ROOT_FILES) guest/root/rules.mk
	@echo "  ROOT $(SYSTEM_ROOT)" && rm -rf $(SYSTEM_ROOT).new
	@mkdir -p $(SYSTEM_ROOT).new/{bin,dev,home,lib,proc,root,run,sys,tmp,usr/{bin,lib,share},var/{lib,log,tmp}}
	@cp -R guest/root/etc $(SYSTEM_ROOT).new/etc && chmod -R u=rwX,go=rX $(SYSTEM_ROOT).new
	@ln -s ../proc/self/mounts $(SYSTEM_ROOT).new/etc/mtab && ln -s ../run $(SYSTEM_ROOT).new/var/run
	@set -o pipefail; dpkg -L tzdata | sed -n 's#^/\(usr/share/zoneinfo/.*\)#\1#p' | tar -C / --no-recursion -cT - | tar -C $(SYSTEM_ROOT).new -x || \
		{ echo "tzdata isn't installed; make deps installs it" >&2; exit 1; }
	@rm -rf $(SYSTEM_ROOT) && mv $(SYSTEM_ROOT).new $(SYSTEM_ROOT) && touch $@
GUEST_READY += $(SYSTEM_ROOT).key
