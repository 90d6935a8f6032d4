/**
 * The lab of the end-to-end tests: a "host" namespace with the real daemon in it, containers that are plain network
 * namespaces, and an "outside" behind a veth, all made for one test class and removed after it.
 *
 * <p>It knows the product only from outside: the launcher, the HTTP API on its socket, and the kernel's stack as the
 * other end of every wire. It is not a library of the product, and it touches nothing of the machine but namespaces
 * whose names begin with {@code ts} and the process id of the test.
 */
@NullMarked
package io.tapswitch.lab;

import org.jspecify.annotations.NullMarked;
