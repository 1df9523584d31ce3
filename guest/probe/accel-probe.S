# SPDX-License-Identifier: Apache-2.0
#
# A 64 KiB firmware image that proves that an accelerator runs guest code: real mode, protected mode, long mode with
# SSE, ring 3 and back by a system call. Each stage prints a letter on the first serial port (R, P, L, U); the end
# leaves QEMU through isa-debug-exit with status 85. Anything else within a second (another status, silence, a STOP
# event) means that the accelerator is of no use. How to run it stands in guest/README.md.

        .set    COM1, 0x3f8
        .set    DEBUG_EXIT, 0xf4
        .set    BASE, 0x10000           # the code copies itself from ROM to here
        .set    TABLES, 0x1000          # three page tables
        .set    STACK, 0x7000
        .set    CODE32, 0x08            # selectors, see gdt
        .set    DATA, 0x10
        .set    CODE64, 0x18
        .set    USER_BASE, 0x28
        .set    MAGIC, 0x1234

        .macro  say letter
        movw    $COM1, %dx
        movb    $\letter, %al
        outb    %al, %dx
        .endm

        .text
        .globl  _start
_start:
        .code16
        cli
        cld
        movw    $0xf000, %ax
        movw    %ax, %ds
        movw    $(BASE >> 4), %ax
        movw    %ax, %es
        xorw    %si, %si
        xorw    %di, %di
        movw    $(end - _start), %cx
        rep movsb
        say     'R'
        xorw    %ax, %ax                # identity map of the first 2 MiB, for ring 3 too
        movw    %ax, %es
        movw    $TABLES, %di
        movw    $0x3000, %cx
        rep stosb
        movl    $(TABLES + 0x1007), %es:TABLES
        movl    $(TABLES + 0x2007), %es:TABLES + 0x1000
        movl    $0x87, %es:TABLES + 0x2000
        movw    $(BASE >> 4), %ax
        movw    %ax, %ds
        lgdtl   (gdt_pointer - _start)
        movl    %cr0, %eax
        orl     $1, %eax
        movl    %eax, %cr0
        ljmpl   $CODE32, $(protected - _start + BASE)

        .code32
protected:
        movw    $DATA, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movl    $STACK, %esp
        say     'P'
        movl    %cr4, %eax
        orl     $0x620, %eax            # PAE, OSFXSR, OSXMMEXCPT
        movl    %eax, %cr4
        movl    $TABLES, %eax
        movl    %eax, %cr3
        movl    $0xc0000080, %ecx       # EFER: long mode, system calls
        rdmsr
        orl     $0x101, %eax
        wrmsr
        movl    %cr0, %eax
        andl    $~4, %eax               # no emulation of the FPU,
        orl     $0x80000002, %eax       # paging, monitor coprocessor
        movl    %eax, %cr0
        ljmp    $CODE64, $(long - _start + BASE)

        .code64
long:
        movw    $DATA, %ax
        movw    %ax, %ss
        movl    $STACK, %esp
        say     'L'
        movl    $7, %eax                # SSE in ring 0
        movd    %eax, %xmm0
        paddd   %xmm0, %xmm0
        movd    %xmm0, %eax
        cmpl    $14, %eax
        jne     hang
        movl    $0xc0000081, %ecx       # STAR: selectors of both sides
        xorl    %eax, %eax
        movl    $((USER_BASE | 3) << 16 | CODE64), %edx
        wrmsr
        movl    $0xc0000082, %ecx       # LSTAR: where system calls arrive
        movl    $(system_call - _start + BASE), %eax
        xorl    %edx, %edx
        wrmsr
        movl    $0xc0000084, %ecx       # SFMASK
        xorl    %eax, %eax
        wrmsr
        movl    $(user - _start + BASE), %ecx
        movl    $2, %r11d
        sysretq
user:
        movd    %xmm0, %ebx             # SSE in ring 3
        movl    $MAGIC, %eax
        syscall
        ud2
system_call:
        cmpl    $MAGIC, %eax
        jne     hang
        say     'U'
        say     '\n'
        movl    $42, %eax               # 42 * 2 + 1 = 85
        movw    $DEBUG_EXIT, %dx
        outl    %eax, %dx
hang:
        hlt
        jmp     hang

        .balign 8
gdt:
        .quad   0
        .quad   0x00cf9b000000ffff      # 08 code, 32 bit
        .quad   0x00cf93000000ffff      # 10 data
        .quad   0x00af9b000000ffff      # 18 code, 64 bit
        .quad   0x00cf93000000ffff      # 20 data
        .quad   0x00cffb000000ffff      # 28 code of ring 3, 32 bit
        .quad   0x00cff3000000ffff      # 30 data of ring 3
        .quad   0x00affb000000ffff      # 38 code of ring 3, 64 bit
gdt_pointer:
        .word   gdt_pointer - gdt - 1
        .long   gdt - _start + BASE
end:

        .org    0xfff0
        .code16
        ljmp    $0xf000, $0
        .org    0x10000
