package io.tapswitch.lab;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * A test that spends its time waiting for time limits of the product, a lease of the store above all, and measures
 * nothing. The suite runs it beside others of its class, which so pass while it waits; a single test by hand runs as
 * always. What it uses must be its own, the lab too, and no static state.
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@Execution(ExecutionMode.CONCURRENT)
public @interface Waiting {}
