# SPDX-License-Identifier: GPL-2.0
#
# For people; what the kernel's build system reads is Kbuild. "make help" lists
# the targets. KDIR names the kernel to build for: the running one, or else the
# newest whose headers are installed. LLVM=1, W=1, C=2 and V=1 mean what they mean in a
# kernel tree.

installed := $(shell ls -1d /lib/modules/*/build 2>/dev/null | sort -V)
KDIR ?= $(or $(wildcard /lib/modules/$(shell uname -r)/build),$(lastword $(installed)))

# Neither is in the package for DKMS; KUnit suites need a kernel that has KUnit
have_samples = $(if $(wildcard samples),m)
have_kunit = $(if $(wildcard kunit),$(shell grep -qs '^CONFIG_KUNIT=[ym]' $(KDIR)/.config && echo m))
# Headers without a vmlinux cannot make type information for BPF, and would say so
without_btf = $(if $(wildcard $(KDIR)/vmlinux),,CONFIG_DEBUG_INFO_BTF_MODULES=)
kbuild = $(MAKE) -C $(or $(KDIR),$(error no kernel headers: make setup, or set KDIR)) \
	M=$(CURDIR) CONFIG_DEVRESET=m CONFIG_DEVRESET_PCI=m \
	CONFIG_DEVRESET_DMA=m CONFIG_DEVRESET_USB=m CONFIG_DEVRESET_NET=m CONFIG_DEVRESET_SIM=m \
	CONFIG_DEVRESET_SAMPLES=$(have_samples) \
	CONFIG_DEVRESET_KUNIT_TEST=$(have_kunit) $(without_btf)

# For vm-test: KERNEL=stock or debug, T=name of one scenario, JOBS=virtual machines at once
export KERNEL T JOBS

.PHONY: modules tools install install-modules install-tools clean setup lint kunit kunit-um vm-test soak bench bench-faults bench-stock shell demo check quick htmldocs deb help

modules:                ## build the modules (default)
	+$(kbuild) modules
tools:                  ## build devresetctl
	+$(MAKE) -C tools
install: install-modules install-tools  ## install both; DESTDIR, PREFIX: of devresetctl
install-modules: modules
	+$(kbuild) modules_install
	/sbin/depmod -a $(shell $(MAKE) -s -C $(KDIR) kernelrelease)
install-tools:
	+$(MAKE) -C tools install
clean:                  ## remove what was built here
	+$(kbuild) clean
	+$(MAKE) -C tools clean
setup:                  ## install the Debian packages that the targets below need
	scripts/setup.sh
demo: setup             ## watch two devices be broken and come back, in a virtual machine
	scripts/demo.sh
shell: setup            ## a shell in a virtual machine with the modules loaded
	scripts/vm.sh -k $(or $(KERNEL),stock) --shell
lint: setup             ## compilers' warnings, sparse, checkpatch, kernel-doc, shellcheck
	scripts/lint.sh
kunit-um: setup         ## unit tests natively, in seconds; T=suite
	scripts/kunit-um.sh $(T)
kunit: setup            ## unit tests, on a kernel with all its checkers on
	scripts/kunit.sh
vm-test: setup          ## scenarios in virtual machines; KERNEL=debug, T=name, JOBS=n
	scripts/vm-test.sh
soak: setup             ## the same, for as long as you like: every race over and over
	SOAK=1 scripts/kunit.sh devreset_race_test
	SOAK=1 scripts/vm-test.sh
bench: setup            ## what it costs, in time, instructions and bytes
	scripts/bench.sh
bench-stock: setup      ## faults of devices with the kernel's own drivers, managed
	scripts/bench.sh stock
bench-faults: setup     ## a NIC's faults, with this driver and with the kernel's own
	scripts/bench.sh faults
check:                  ## everything that must pass: lint, kunit, vm-test on both kernels; T=name
	scripts/check.sh
quick:                  ## in a few minutes, what is most likely to tell of a mistake
	scripts/check.sh quick
htmldocs:               ## the documentation in HTML, into html/
	scripts/setup.sh htmldocs
	scripts/htmldocs.sh
deb:                    ## Debian packages, into deb/
	scripts/setup.sh deb
	scripts/deb.sh
help:                   ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /  \1\t/p' Makefile | expand -t 14
