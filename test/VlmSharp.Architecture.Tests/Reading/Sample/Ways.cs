namespace VlmSharp.Architecture.Tests.Reading.Sample;

[AttributeUsage(AttributeTargets.All)]
internal sealed class OfTypeAttribute : Attribute;

[AttributeUsage(AttributeTargets.All)]
internal sealed class OfParameterAttribute : Attribute;

[AttributeUsage(AttributeTargets.All)]
internal sealed class OfFieldAttribute : Attribute;

[AttributeUsage(AttributeTargets.All)]
internal sealed class OfArgumentAttribute : Attribute;

internal class BaseType<T>;

internal sealed class BaseArgument;

internal interface IInterface
{
    void Explicit();
}

internal interface IConstraint;

internal interface IMethodConstraint;

internal sealed class Field;

internal delegate void Event();

internal sealed class Property;

internal sealed class Parameter;

internal record struct ByReference(int N);

internal record struct Pointer(int N);

internal record struct Pointed(int N);

internal sealed class Made
{
    public void Go() => ArgumentNullException.ThrowIfNull(this);
}

internal sealed class Token;

internal sealed class Tested;

internal sealed class GenericArgument;

internal sealed class Element;

internal struct Local
{
    public int N;
}

internal sealed class Caught : Exception;

internal sealed class InLambda
{
    public int N { get; }
}

internal sealed class InUncaptured;

internal sealed class InAsync
{
    public int N { get; }
}

internal sealed class InIterator;

internal sealed class InLocalFunction
{
    public int N { get; }
}

internal sealed class InNested
{
    public int N { get; }
}

internal static class Static
{
    public static object Make<T>() where T : new() => new T();

    public static void Change(ref int n) => n++;
}

internal static class Constants
{
    public const int Zero = 0;
}
