using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace VlmSharp.Api.Tests;

/// <summary>
/// The public surface of an assembly as text: every public type, and below it every public and protected member, one a line and sorted, so
/// that a change of the surface is a change of lines. Members that the compiler adds to a record are left out.
/// </summary>
internal static class ApiListing
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static string Of(Assembly assembly) => Of(assembly.GetExportedTypes());

    public static string Of(IEnumerable<Type> types)
    {
        var text = new StringBuilder();
        foreach (IGrouping<string, Type> space in types.GroupBy(t => t.Namespace!).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            text.Append("namespace ").Append(space.Key).Append('\n');
            foreach (Type type in space.OrderBy(TypeText.Of, StringComparer.Ordinal))
            {
                text.Append("\n    ").Append(Header(type)).Append('\n');
                foreach (string member in Members(type)) text.Append("        ").Append(member).Append('\n');
            }

            text.Append('\n');
        }

        return text.ToString().TrimEnd('\n') + "\n";
    }

    private static string Header(Type type)
    {
        if (type.IsSubclassOf(typeof(Delegate))) return $"public delegate {Signature(type.GetMethod("Invoke")!, Name(type))}";
        string kind = type switch
        {
            { IsEnum: true } => "enum",
            { IsInterface: true } => "interface",
            { IsValueType: true } => (Has<IsReadOnlyAttribute>(type) ? "readonly " : "")
                + (type.IsByRefLike ? "ref " : "") + (IsRecord(type) ? "record struct" : "struct"),
            { IsAbstract: true, IsSealed: true } => "static class",
            _ => (type.IsAbstract ? "abstract " : type.IsSealed ? "sealed " : "") + (IsRecord(type) ? "record" : "class"),
        };
        IEnumerable<Type> bases = type.IsEnum
            ? new[] { Enum.GetUnderlyingType(type) }.Where(t => t != typeof(int))
            : (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) ? [parent] : Type.EmptyTypes)
                .Concat(OwnInterfaces(type).OrderBy(TypeText.Of, StringComparer.Ordinal));
        string inherited = string.Join(", ", bases.Select(TypeText.Of));
        string flags = Has<FlagsAttribute>(type) ? "[Flags] " : "", from = inherited.Length > 0 ? " : " + inherited : "";
        return $"{flags}public {kind} {Name(type)}{from}{Constraints(type.GetGenericArguments())}";
    }

    /// <summary>The name of a type in its declaration, with variance.</summary>
    private static string Name(Type type)
    {
        if (!type.IsGenericTypeDefinition) return TypeText.Of(type);
        IEnumerable<string> parameters = type.GetGenericArguments().Select(p =>
            (p.GenericParameterAttributes & GenericParameterAttributes.VarianceMask) switch
        {
            GenericParameterAttributes.Covariant => "out " + p.Name,
            GenericParameterAttributes.Contravariant => "in " + p.Name,
            _ => p.Name,
        });
        return $"{TypeText.Of(type).Split('<')[0]}<{string.Join(", ", parameters)}>";
    }

    /// <summary>The interfaces that neither the base class nor another interface implies.</summary>
    private static IEnumerable<Type> OwnInterfaces(Type type)
    {
        Type[] all = type.GetInterfaces();
        IEnumerable<Type> brought = all.SelectMany(i => i.GetInterfaces()).Concat(type.BaseType?.GetInterfaces() ?? []);
        bool record = IsRecord(type);
        return all.Except(brought).Where(i => i.IsPublic && !(record && i.Name == "IEquatable`1"));
    }

    private static bool IsRecord(Type type) => type.IsValueType
        ? type.GetMethod("PrintMembers", Declared) is { } print && Has<CompilerGeneratedAttribute>(print)
        : type.GetMethod("<Clone>$", Declared) is not null;

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsSubclassOf(typeof(Delegate))) return [];
        if (type.IsEnum) return Enum.GetNames(type).Select(n => $"{n} = {Convert.ToInt64(Enum.Parse(type, n), null)}");
        return type.GetMembers(Declared).Where(m => m.Name != nameof(Finalize))
            .OrderBy(Kind).ThenBy(m => m.Name, StringComparer.Ordinal)
            .Select(m => (m.Name, Text: Member(m))).Where(m => m.Text is not null)
            .GroupBy(m => m.Name).SelectMany(overloads => overloads.Select(m => m.Text!).Order(StringComparer.Ordinal));
    }

    private static int Kind(MemberInfo member) =>
        member switch { FieldInfo => 0, ConstructorInfo => 1, PropertyInfo => 2, EventInfo => 3, _ => 4 };

    private static string? Member(MemberInfo member) => member switch
    {
        _ when Has<CompilerGeneratedAttribute>(member) => null,
        ConstructorInfo { IsStatic: false } c when Access(c) is { } access =>
            $"{access}{Signature(c, TypeText.Of(c.DeclaringType!).Split('<')[0])}",
        MethodInfo m when Access(m) is { } access && (!m.IsSpecialName || m.Name.StartsWith("op_", StringComparison.Ordinal)) =>
            $"{access}{Modifiers(m)}{Signature(m, m.Name)}",
        PropertyInfo p => Property(p),
        FieldInfo { IsSpecialName: false } f when f.IsPublic || (f.IsFamily && !f.DeclaringType!.IsSealed) => Field(f),
        EventInfo e when Access(e.AddMethod!) is { } access => $"{access}{Modifiers(e.AddMethod!)}event {TypeText.Of(e)} {e.Name}",
        _ => null,
    };

    private static string? Access(MethodBase method) => method switch
    {
        { IsPublic: true } => method.DeclaringType!.IsInterface ? "" : "public ",
        { DeclaringType.IsSealed: false, IsFamily: true } or { DeclaringType.IsSealed: false, IsFamilyOrAssembly: true } => "protected ",
        _ => null,
    };

    private static string Modifiers(MethodInfo method)
    {
        if (method.DeclaringType!.IsInterface)
            return method.IsStatic ? (method.IsAbstract ? "static abstract " : "static ") : method.IsAbstract ? "" : "virtual ";
        if (method.IsStatic) return "static ";
        if (method.IsAbstract) return "abstract ";
        if (!method.IsVirtual) return "";
        if (method.GetBaseDefinition() != method) return method.IsFinal ? "sealed override " : "override ";
        return method.IsFinal ? "" : "virtual "; // a plain method that implements an interface is virtual and final
    }

    private static string Field(FieldInfo field)
    {
        string access = field.IsPublic ? "public " : "protected ";
        return field.IsLiteral
            ? $"{access}const {TypeText.Of(field)} {field.Name} = {TypeText.Value(field.GetRawConstantValue(), field.FieldType)}"
            : $"{access}{(field.IsStatic ? "static " : "")}{(field.IsInitOnly ? "readonly " : "")}{TypeText.Of(field)} {field.Name}";
    }

    private static string? Property(PropertyInfo property)
    {
        MethodInfo? get = property.GetMethod is { } g && Access(g) is not null ? g : null,
            set = property.SetMethod is { } s && Access(s) is not null ? s : null;
        if ((get ?? set) is not { } leading) return null;
        string access = (get is not null ? Access(get) : Access(set!))!;
        string name = property.GetIndexParameters() is { Length: > 0 } index ? $"this[{Parameters(index)}]" : property.Name;
        string setter = set is null
            ? ""
            : (Access(set) == access ? "" : Access(set))
                + (set.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? "init; " : "set; ");
        string required = Has<RequiredMemberAttribute>(property) ? "required " : "";
        string getter = get is null ? "" : "get; ", type = Reference(leading.ReturnParameter) + TypeText.Of(property);
        return $"{access}{Modifiers(leading)}{required}{type} {name} {{ {getter}{setter}}}";
    }

    private static string Signature(MethodBase method, string name)
    {
        string extension = Has<ExtensionAttribute>(method) ? "this " : "";
        Type[] generic = method is MethodInfo { IsGenericMethodDefinition: true } ? method.GetGenericArguments() : [];
        string types = generic.Length > 0 ? $"<{string.Join(", ", generic.Select(TypeText.Of))}>" : "";
        string returned = method is MethodInfo m ? Reference(m.ReturnParameter) + TypeText.Of(m.ReturnParameter) + " " : "";
        return $"{returned}{name}{types}({extension}{Parameters(method.GetParameters())}){Constraints(generic)}";
    }

    private static string Reference(ParameterInfo returned) =>
        !returned.ParameterType.IsByRef
            ? ""
            : returned.GetRequiredCustomModifiers().Length > 0 || Has<IsReadOnlyAttribute>(returned) ? "ref readonly " : "ref ";

    private static string Parameters(ParameterInfo[] parameters) => string.Join(", ", parameters.Select(p =>
    {
        string mode = p.IsOut
            ? "out "
            : Has<IsReadOnlyAttribute>(p) ? "in "
            : p.ParameterType.IsByRef ? "ref " : Has<ParamArrayAttribute>(p) || Has<ParamCollectionAttribute>(p) ? "params " : "";
        return $"{mode}{TypeText.Of(p)} {p.Name}{(p.HasDefaultValue ? " = " + TypeText.Value(p.RawDefaultValue, p.ParameterType) : "")}";
    }));

    private static string Constraints(Type[] parameters)
    {
        var text = new StringBuilder();
        foreach (Type parameter in parameters.Where(p => p.IsGenericParameter))
        {
            GenericParameterAttributes special = parameter.GenericParameterAttributes;
            bool value = special.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint);
            List<string> all = [.. parameter.GetGenericParameterConstraints().Where(c => c != typeof(ValueType)).Select(TypeText.Of)];
            if (special.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint)) all.Insert(0, "class");
            if (value) all.Insert(0, "struct");
            else if (special.HasFlag(GenericParameterAttributes.DefaultConstructorConstraint)) all.Add("new()");
            if (all.Count > 0) text.Append($" where {parameter.Name} : {string.Join(", ", all)}");
        }

        return text.ToString();
    }

    private static bool Has<T>(MemberInfo member) where T : Attribute => member.IsDefined(typeof(T), inherit: false);

    private static bool Has<T>(ParameterInfo parameter) where T : Attribute => parameter.IsDefined(typeof(T), inherit: false);
}
