using System.Reflection;
using System.Reflection.Emit;

namespace VlmSharp.Imaging.Tests;

/// <summary>
/// The folders of the library stand on each other in one direction: what users see on top, below it the formats, below these
/// what all decoders need. A folder is a namespace; <c>VlmSharp</c>, with the errors, lies below all.
/// </summary>
public class FolderTests
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Assembly Library = typeof(ImageFile).Assembly;

    private static readonly Dictionary<ushort, OpCode> Codes =
        typeof(OpCodes).GetFields().Select(f => (OpCode)f.GetValue(null)!).ToDictionary(code => (ushort)code.Value);

    [Fact]
    public void NoFoldersStandOnEachOther()
    {
        HashSet<(string From, string To)> arrows = [.. Library.GetTypes().SelectMany(Arrows)];
        Assert.Contains(("VlmSharp.Imaging", "VlmSharp.Imaging.Png"), arrows);
        Assert.Contains(("VlmSharp.Imaging.Png", "VlmSharp.Imaging.Decoding"), arrows);
        Assert.Contains(("VlmSharp.Imaging.WebP", "VlmSharp.Imaging.WebP.Lossy"), arrows);
        // Again and again without the folders that stand on none of those left: what stays is a circle.
        for (int before = 0; before != arrows.Count;)
        {
            before = arrows.Count;
            arrows = [.. arrows.Where(arrow => arrows.Any(other => other.From == arrow.To))];
        }
        string left = string.Join('\n', arrows.Select(arrow => $"{arrow.From} -> {arrow.To}"));
        Assert.True(left.Length == 0, $"In a circle, or on the way to one:\n{left}");
    }

    private static IEnumerable<(string From, string To)> Arrows(Type type) =>
        from used in Used(type).SelectMany(Parts)
        where used.Assembly == Library && Folder(type) is not null && Folder(used) is not null && Folder(type) != Folder(used)
        select (Folder(type)!, Folder(used)!);

    private static string? Folder(Type type) =>
        type.Namespace is { } space && space.StartsWith("VlmSharp", StringComparison.Ordinal) ? space : null;

    /// <summary>An array's elements, a generic type's arguments, the type itself.</summary>
    private static IEnumerable<Type> Parts(Type type) => type.HasElementType
        ? Parts(type.GetElementType()!)
        : [type, .. type.GetGenericArguments().Where(a => !a.IsGenericParameter).SelectMany(Parts)];

    private static IEnumerable<Type> Used(Type type) =>
    [
        .. type.BaseType is { } parent ? [parent] : Type.EmptyTypes,
        .. type.GetInterfaces(),
        .. type.GetFields(Declared).Select(f => f.FieldType),
        .. type.GetMethods(Declared).Cast<MethodBase>().Concat(type.GetConstructors(Declared)).SelectMany(Used),
    ];

    private static IEnumerable<Type> Used(MethodBase method) =>
    [
        .. method is MethodInfo { ReturnType: var returned } ? [returned] : Type.EmptyTypes,
        .. method.GetParameters().Select(p => p.ParameterType),
        .. method.GetMethodBody() is { } body ? Used(method, body) : [],
    ];

    private static IEnumerable<Type> Used(MethodBase method, MethodBody body) =>
        [.. body.LocalVariables.Select(l => l.LocalType), .. Called(method, body.GetILAsByteArray()!)];

    /// <summary>The types in a method's instructions, and those that declare the methods and fields in them.</summary>
    private static IEnumerable<Type> Called(MethodBase method, byte[] code)
    {
        Type[] ofType = method.DeclaringType!.GetGenericArguments(), ofMethod = method.IsGenericMethod ? method.GetGenericArguments() : [];
        for (int at = 0; at < code.Length;)
        {
            OpCode op = Codes[code[at] == 0xFE ? (ushort)(0xFE00 | code[at + 1]) : code[at]];
            at += op.Size;
            if (op.OperandType is OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType or OperandType.InlineTok)
            {
                MemberInfo member = method.Module.ResolveMember(BitConverter.ToInt32(code, at), ofType, ofMethod)!;
                yield return member as Type ?? member.DeclaringType!;
            }
            at += op.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + 4 * BitConverter.ToInt32(code, at),
                _ => 4,
            };
        }
    }
}
