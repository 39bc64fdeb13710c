using System.Reflection;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace VlmSharp.Conformance;

/// <summary>
/// A test that the classes of several backends inherit. It is skipped if the class gives a reason (<see cref="SkipReasonAttribute"/>).
/// </summary>
[XunitTestCaseDiscoverer("VlmSharp.Conformance.BackendFactDiscoverer", "VlmSharp.Conformance")]
public sealed class BackendFactAttribute : FactAttribute;

/// <summary>A <see cref="BackendFactAttribute"/> with several cases.</summary>
[XunitTestCaseDiscoverer("VlmSharp.Conformance.BackendTheoryDiscoverer", "VlmSharp.Conformance")]
public sealed class BackendTheoryAttribute : TheoryAttribute;

/// <summary>Marks a class whose tests need something that not every machine has.</summary>
[AttributeUsage(AttributeTargets.Class)]
public abstract class SkipReasonAttribute : Attribute
{
    /// <summary>The reason why the tests cannot run on this machine; null if they can.</summary>
    public abstract string? Reason { get; }

    /// <summary>The reason that the class of a test gives. It is the class that is run, not the one that declares the test.</summary>
    internal static string? Of(ITestMethod test) => test.TestClass.Class.ToRuntimeType()?.GetCustomAttribute<SkipReasonAttribute>()?.Reason;

    internal static IXunitTestCase[] Skipped(IMessageSink sink, ITestFrameworkDiscoveryOptions options, ITestMethod test, string reason) =>
        [new XunitSkippedDataRowTestCase(sink, options.MethodDisplayOrDefault(), options.MethodDisplayOptionsOrDefault(), test, reason)];
}

/// <summary>Finds the case of a <see cref="BackendFactAttribute"/>.</summary>
public sealed class BackendFactDiscoverer(IMessageSink sink) : FactDiscoverer(sink)
{
    /// <inheritdoc/>
    public override IEnumerable<IXunitTestCase> Discover(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        SkipReasonAttribute.Of(testMethod) is { } reason
            ? SkipReasonAttribute.Skipped(DiagnosticMessageSink, discoveryOptions, testMethod, reason)
            : base.Discover(discoveryOptions, testMethod, factAttribute);
}

/// <summary>Finds the cases of a <see cref="BackendTheoryAttribute"/>, or a single one if it is skipped.</summary>
public sealed class BackendTheoryDiscoverer(IMessageSink sink) : TheoryDiscoverer(sink)
{
    /// <inheritdoc/>
    public override IEnumerable<IXunitTestCase> Discover(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo theoryAttribute) =>
        SkipReasonAttribute.Of(testMethod) is { } reason
            ? SkipReasonAttribute.Skipped(DiagnosticMessageSink, discoveryOptions, testMethod, reason)
            : base.Discover(discoveryOptions, testMethod, theoryAttribute);
}
