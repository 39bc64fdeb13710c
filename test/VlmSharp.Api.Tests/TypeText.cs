using System.Globalization;
using System.Reflection;

namespace VlmSharp.Api.Tests;

/// <summary>Types and values as C# writes them, with nullability.</summary>
internal static class TypeText
{
    private static readonly NullabilityInfoContext Nullability = new();

    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void",
        [typeof(bool)] = "bool",
        [typeof(byte)] = "byte",
        [typeof(sbyte)] = "sbyte",
        [typeof(char)] = "char",
        [typeof(short)] = "short",
        [typeof(ushort)] = "ushort",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(float)] = "float",
        [typeof(double)] = "double",
        [typeof(decimal)] = "decimal",
        [typeof(string)] = "string",
        [typeof(object)] = "object",
        [typeof(nint)] = "nint",
        [typeof(nuint)] = "nuint",
    };

    public static string Of(ParameterInfo parameter) => Of(parameter.ParameterType, Nullability.Create(parameter));

    public static string Of(PropertyInfo property) => Of(property.PropertyType, Nullability.Create(property));

    public static string Of(FieldInfo field) => Of(field.FieldType, Nullability.Create(field));

    public static string Of(EventInfo e) => Of(e.EventHandlerType!, Nullability.Create(e));

    /// <summary>A type by itself.</summary>
    public static string Of(Type type) => Of(type, null);

    /// <summary>A type as it is used, with ? if it may be null.</summary>
    private static string Of(Type type, NullabilityInfo? info)
    {
        if (type.IsByRef) return Of(type.GetElementType()!, info);
        if (Nullable.GetUnderlyingType(type) is { } value) return Of(value, null) + "?";
        string mark = info is { ReadState: NullabilityState.Nullable } && !type.IsValueType ? "?" : "";
        if (type.IsArray) return Of(type.GetElementType()!, info?.ElementType) + $"[{new string(',', type.GetArrayRank() - 1)}]" + mark;
        if (type.IsPointer) return Of(type.GetElementType()!, null) + "*";
        if (Keywords.TryGetValue(type, out string? keyword)) return keyword + mark;
        if (type.IsGenericParameter)
            return type.Name + (type.GenericParameterAttributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint) ? mark : "");
        Type[] arguments = type.GetGenericArguments();
        if (type.FullName?.StartsWith("System.ValueTuple`", StringComparison.Ordinal) == true) return $"({Arguments(arguments, info)})";
        string name = type.Name.Split('`')[0] + (arguments.Length > 0 ? $"<{Arguments(arguments, info)}>" : "");
        return (type.IsNested ? Of(type.DeclaringType!, null) + "." : "") + name + mark;
    }

    private static string Arguments(Type[] arguments, NullabilityInfo? info) => string.Join(", ", arguments.Select((argument, i) =>
        Of(argument, info?.GenericTypeArguments is { } known && i < known.Length ? known[i] : null)));

    /// <summary>A constant.</summary>
    public static string Value(object? value, Type type) => value switch
    {
        null => type.IsValueType && Nullable.GetUnderlyingType(type) is null ? "default" : "null",
        string text => $"\"{text}\"",
        char character => $"'{character}'",
        bool flag => flag ? "true" : "false",
        _ when type.IsEnum => $"{Of(type)}.{Enum.ToObject(type, value)}",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };
}
