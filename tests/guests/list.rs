// Every guest of this folder, in the order of their alterations; one list for each of the components
// that are made of them, which differ in what they export.
//
// Included by the crate of the guests, by its build script, and by the test harness: the harness
// names a test function after each, so that a guest without a test does not compile. Not a module
// of anything.

/// Calls the macro `$each` with the names of all guests that have `up` and `down`.
macro_rules! for_each_guest {
    ($each:ident) => {
        $each! {
            trap,
            error,
            ignores_error,
            endless_loop,
            endless_allocation,
            fills_memory,
            deep_recursion,
            huge_result,
            huge_blob,
            huge_zeroblob,
            endless_sql,
            forgotten_cursor,
            forgotten_writer,
            many_cursors,
            tries_commit,
            tries_rollback,
            tries_savepoint,
            tries_begin,
            commit_in_script,
            commit_in_comment,
            commit_as_end,
            commit_after_semicolons,
            commit_in_query,
            commit_in_cursor,
            insert_or_rollback,
            on_conflict_rollback_table,
            raise_rollback,
            tries_attach,
            attach_expression,
            tries_vacuum_into,
            tries_pragma,
            pragma_writable_schema,
            pragma_call,
            pragma_in_query,
            pragma_read,
            reads_state_table,
            writes_state_table,
            drops_state_table,
            trigger_on_state_table,
            trigger_into_state_table,
            view_over_state_table,
            temp_shadow_state_table,
            renames_state_table,
            load_extension,
            log_escapes,
            log_flood,
            log_long_line,
            undeclared_entropy,
            declared_entropy,
            undeclared_setting,
            declared_settings,
            nul_in_sql,
            nul_in_script,
            two_statements_in_execute,
            too_few_parameters,
            too_many_parameters,
            every_value,
            writes_while_reading,
            columns_round_trip,
            bulk_ragged,
            bulk_narrow,
            bulk_wide,
            bulk_narrow_columns,
            bulk_wide_columns,
            bulk_unknown_table,
            bulk_unknown_column,
            bulk_state_table,
            bulk_injection,
            constraint_primary_key,
            constraint_unique,
            constraint_check,
            constraint_not_null,
            use_after_finish,
            too_long_sql,
            deep_sql,
            deep_sql_chain,
            many_statements,
            fk_violation,
            table_rebuild,
            down_fails,
            slow,
        }
    };
}

/// The same for those that have `before-up` and `before-down` too.
macro_rules! for_each_preparation {
    ($each:ident) => {
        $each! {
            prepares,
            prepares_then_fails,
            prepares_then_traps,
            rereads,
            diverges,
            prepares_with_entropy,
            prepares_with_setting,
        }
    };
}

/// The same for those that have `step` too.
macro_rules! for_each_backfill {
    ($each:ident) => {
        $each! {
            steps,
            steps_forever,
            step_fails_at,
            step_does_ddl,
            step_huge_state,
        }
    };
}
