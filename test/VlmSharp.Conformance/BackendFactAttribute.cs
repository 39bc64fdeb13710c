using System.Reflection;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace VlmSharp.Conformance;

/// <summary>
/// A test that classes of several backends inherit: skipped where the class says why (<see cref="SkipReasonAttribute"/>).
/// </summary>
[XunitTestCaseDiscoverer("VlmSharp.Conformance.BackendFactDiscoverer", "VlmSharp.Conformance")]
public sealed class BackendFactAttribute : FactAttribute;

/// <summary>A <see cref="BackendFactAttribute"/> with several cases.</summary>
[XunitTestCaseDiscoverer("VlmSharp.Conformance.BackendTheoryDiscoverer", "VlmSharp.Conformance")]
public sealed class BackendTheoryAttribute : TheoryAttribute;

/// <summary>On a class whose tests need something that is not everywhere.</summary>
[AttributeUsage(AttributeTargets.Class)]
public abstract class SkipReasonAttribute : Attribute
{
    /// <summary>Why the tests cannot run here; null where they can.</summary>
    public abstract string? Reason { get; }

    /// <summary>The reason that a test's class gives: the class that is run, not the one that declares the test.</summary>
    internal static string? Of(ITestMethod test) => test.TestClass.Class.ToRuntimeType()?.GetCustomAttribute<SkipReasonAttribute>()?.Reason;

    internal static IXunitTestCase[] Skipped(IMessageSink sink, ITestFrameworkDiscoveryOptions options, ITestMethod test, string reason) =>
        [new XunitSkippedDataRowTestCase(sink, options.MethodDisplayOrDefault(), options.MethodDisplayOptionsOrDefault(), test, reason)];
}

/// <summary>Finds the case of a <see cref="BackendFactAttribute"/>.</summary>
/// <param name="sink">Of the framework.</param>
public sealed class BackendFactDiscoverer(IMessageSink sink) : FactDiscoverer(sink)
{
    /// <inheritdoc/>
    public override IEnumerable<IXunitTestCase> Discover(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        SkipReasonAttribute.Of(testMethod) is { } reason
            ? SkipReasonAttribute.Skipped(DiagnosticMessageSink, discoveryOptions, testMethod, reason)
            : base.Discover(discoveryOptions, testMethod, factAttribute);
}

/// <summary>Finds the cases of a <see cref="BackendTheoryAttribute"/>; skipped, it is one.</summary>
/// <param name="sink">Of the framework.</param>
public sealed class BackendTheoryDiscoverer(IMessageSink sink) : TheoryDiscoverer(sink)
{
    /// <inheritdoc/>
    public override IEnumerable<IXunitTestCase> Discover(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo theoryAttribute) =>
        SkipReasonAttribute.Of(testMethod) is { } reason
            ? SkipReasonAttribute.Skipped(DiagnosticMessageSink, discoveryOptions, testMethod, reason)
            : base.Discover(discoveryOptions, testMethod, theoryAttribute);
}
