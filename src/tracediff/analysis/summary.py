"""Sums one input up as `key_averages()` does: what `tracediff show` shows."""

from __future__ import annotations

from collections.abc import Sequence

from tracediff import units
from tracediff.analysis.call_tree import CallTree, build_call_tree, check_operators
from tracediff.analysis.device import device_doubts, device_time, link_device
from tracediff.analysis.iterations import find_iterations
from tracediff.analysis.kernels import NO_LOG, join_trace, kernel_table, log_doubts, operators_with_kernels
from tracediff.analysis.operators import operator_table
from tracediff.analysis.printed import iterations_of
from tracediff.analysis.warnings import trace_doubts
from tracediff.errors import UsageError
from tracediff.model.kernels import KernelCoverage
from tracediff.model.trace import Operator, PrintedTable, Profile, Summary


def summarize(profile: Profile, by_shape: bool = False, kernels: bool = False) -> Summary:
    """Makes the operator table of one input.

    Args:
        profile: the input.
        by_shape: whether operators are told apart by their input shapes.
        kernels: whether to say what the libraries ran for them.

    Raises:
        TraceFormatError: it holds no operators.
        UsageError: a printed table is asked for kernels, or for shapes that it does not have.
    """
    if isinstance(profile, PrintedTable):
        if kernels:
            raise UsageError("is a printed table, which no log can be joined to. Name the trace", profile.path)
        return _of_table(profile, by_shape)
    tree = build_call_tree(profile)
    check_operators(tree)
    device = link_device(tree)
    operators = operator_table(tree, by_shape, device)
    warnings = [*trace_doubts(tree), *device_doubts(device, profile)]
    if profile.resolution_ns > 1 and profile.key_averages and not by_shape:
        if _same_calls(operators, profile.key_averages):
            operators = profile.key_averages
            warnings.append("times are those of the key_averages() that the file carries")
        else:
            warnings.append("the key_averages() that the file carries are of other calls: not used")
    joined = join_trace(profile, tree) if kernels else None
    if joined and profile.kernel_log:
        operators = operators_with_kernels(operators, joined, by_shape)
        warnings.extend(log_doubts(profile, profile.kernel_log))
        lost = len(joined.lines) - sum(int(kernel.calls) for operator in operators for kernel in operator.kernels)
        if lost:
            warnings.append(f"{units.count(lost, 'kernel')} ran in operators that the table does not have")
    elif kernels:
        warnings.append(NO_LOG)
    return Summary(
        path=profile.path,
        run=profile.run,
        event_count=profile.event_count,
        iterations=find_iterations(tree).count,
        span_ns=_span_ns(tree),
        resolution_ns=profile.resolution_ns,
        operators=_largest_first(operators),
        self_total_ns=sum(operator.self_ns for operator in operators),
        by_shape=by_shape,
        read=profile.read,
        warnings=tuple(warnings),
        kernels=kernel_table(joined) if joined else (),
        kernel_coverage=joined.coverage if joined else KernelCoverage(0, 0, 0, 0) if kernels else None,
        device=device_time(device, profile) if device else None,
    )


def _of_table(table: PrintedTable, by_shape: bool) -> Summary:
    if by_shape and not table.has_shapes:
        raise UsageError("is a printed table without input shapes. Print it with group_by_input_shape=True", table.path)
    return Summary(
        path=table.path,
        run=table.run,
        event_count=len(table.operators),
        iterations=iterations_of(table)[1],
        span_ns=table.self_total_ns,
        resolution_ns=table.resolution_ns,
        operators=_largest_first(table.operators),
        self_total_ns=table.self_total_ns,
        by_shape=table.has_shapes,
        read=table.read,
        warnings=table.warnings,
    )


def _largest_first(operators: Sequence[Operator]) -> tuple[Operator, ...]:
    return tuple(sorted(operators, key=lambda operator: -operator.total_ns))


def _span_ns(tree: CallTree) -> int:
    return int((tree.start_ns + tree.total_ns).max() - tree.start_ns.min())


def _same_calls(computed: Sequence[Operator], captured: Sequence[Operator]) -> bool:
    return {row.name: row.calls for row in computed} == {row.name: row.calls for row in captured}
