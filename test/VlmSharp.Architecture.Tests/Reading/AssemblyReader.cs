using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace VlmSharp.Architecture.Tests.Reading;

/// <summary>
/// Reads from a compiled assembly which types each of its types names: base type, interfaces, constraints, attributes,
/// fields, properties, events, method signatures, and in method bodies locals, caught exceptions and the operand of every
/// instruction. A constant leaves no trace, because the compiler replaces its name by its value.
/// </summary>
internal sealed class AssemblyReader
{
    private readonly PEReader file;
    private readonly MetadataReader metadata;
    private readonly SignatureNames signatures;
    private readonly HashSet<TypeUse> uses = [];
    private TypeName user = null!; // the type that is being read
    private string? member;

    private AssemblyReader(PEReader file)
    {
        this.file = file;
        metadata = file.GetMetadataReader();
        signatures = new SignatureNames(handle => Add(handle));
    }

    /// <summary>Every use of a type by another one.</summary>
    /// <param name="path">The assembly's file.</param>
    public static IReadOnlyCollection<TypeUse> Read(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var reader = new AssemblyReader(file);
        foreach (TypeDefinitionHandle type in reader.metadata.TypeDefinitions) reader.ReadType(type);
        return reader.uses;
    }

    private void ReadType(TypeDefinitionHandle handle)
    {
        if (NameOf(handle) is not { } name) return;
        user = name;
        TypeDefinition type = metadata.GetTypeDefinition(handle);
        string? holder = MemberNames.HolderOf(Text(type.Name));
        member = holder;
        Add(type.BaseType);
        AddAttributes(type.GetCustomAttributes());
        AddConstraints(type.GetGenericParameters());
        foreach (InterfaceImplementationHandle i in type.GetInterfaceImplementations())
            Add(metadata.GetInterfaceImplementation(i).Interface);
        foreach (FieldDefinition field in type.GetFields().Select(metadata.GetFieldDefinition))
        {
            member = holder ?? MemberNames.Of(Text(field.Name));
            field.DecodeSignature(signatures, null);
            AddAttributes(field.GetCustomAttributes());
        }

        foreach (PropertyDefinition property in type.GetProperties().Select(metadata.GetPropertyDefinition))
        {
            member = holder ?? MemberNames.Of(Text(property.Name));
            property.DecodeSignature(signatures, null);
            AddAttributes(property.GetCustomAttributes());
        }

        foreach (EventDefinition e in type.GetEvents().Select(metadata.GetEventDefinition))
        {
            member = holder ?? MemberNames.Of(Text(e.Name));
            Add(e.Type);
            AddAttributes(e.GetCustomAttributes());
        }

        foreach (MethodDefinition method in type.GetMethods().Select(metadata.GetMethodDefinition))
        {
            member = holder ?? MemberNames.Of(Text(method.Name));
            ReadMethod(method);
        }
    }

    private void ReadMethod(MethodDefinition method)
    {
        method.DecodeSignature(signatures, null);
        AddAttributes(method.GetCustomAttributes());
        AddConstraints(method.GetGenericParameters());
        foreach (ParameterHandle h in method.GetParameters()) AddAttributes(metadata.GetParameter(h).GetCustomAttributes());
        if (method.RelativeVirtualAddress == 0) return; // the method has no body
        MethodBodyBlock body = file.GetMethodBody(method.RelativeVirtualAddress);
        Add(body.LocalSignature);
        foreach (ExceptionRegion region in body.ExceptionRegions) Add(region.CatchType);
        foreach (EntityHandle operand in Instructions.Tokens(body.GetILReader())) Add(operand);
    }

    private void AddAttributes(CustomAttributeHandleCollection attributes)
    {
        foreach (CustomAttributeHandle h in attributes) Add(metadata.GetCustomAttribute(h).Constructor);
    }

    private void AddConstraints(GenericParameterHandleCollection parameters)
    {
        foreach (GenericParameter parameter in parameters.Select(metadata.GetGenericParameter))
        {
            AddAttributes(parameter.GetCustomAttributes());
            foreach (GenericParameterConstraintHandle c in parameter.GetConstraints()) Add(metadata.GetGenericParameterConstraint(c).Type);
        }
    }

    /// <summary>Adds every type that a token names: its type, those in its signature, and those of which it is composed.</summary>
    /// <param name="handle">A type, a member or a signature in the assembly's tables; nil adds nothing.</param>
    /// <param name="of">The member of the type that is meant, or null for the type.</param>
    private void Add(EntityHandle handle, string? of = null)
    {
        if (handle.IsNil) return;
        switch (handle.Kind)
        {
            case HandleKind.TypeDefinition or HandleKind.TypeReference:
                if (NameOf(handle) is { } used && used != user) uses.Add(new TypeUse(user, member, used, of));
                break;
            case HandleKind.TypeSpecification:
                metadata.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(signatures, null);
                break;
            case HandleKind.MethodDefinition:
                MethodDefinition method = metadata.GetMethodDefinition((MethodDefinitionHandle)handle);
                Add(method.GetDeclaringType(), MemberNames.Of(Text(method.Name)));
                method.DecodeSignature(signatures, null);
                break;
            case HandleKind.FieldDefinition:
                FieldDefinition field = metadata.GetFieldDefinition((FieldDefinitionHandle)handle);
                Add(field.GetDeclaringType(), MemberNames.Of(Text(field.Name)));
                field.DecodeSignature(signatures, null);
                break;
            case HandleKind.MemberReference:
                MemberReference reference = metadata.GetMemberReference((MemberReferenceHandle)handle);
                Add(reference.Parent, MemberNames.Of(Text(reference.Name)));
                if (reference.GetKind() == MemberReferenceKind.Field) reference.DecodeFieldSignature(signatures, null);
                else reference.DecodeMethodSignature(signatures, null);
                break;
            case HandleKind.MethodSpecification:
                MethodSpecification generic = metadata.GetMethodSpecification((MethodSpecificationHandle)handle);
                Add(generic.Method);
                generic.DecodeSignature(signatures, null);
                break;
            case HandleKind.StandaloneSignature:
                StandaloneSignature signature = metadata.GetStandaloneSignature((StandaloneSignatureHandle)handle);
                if (signature.GetKind() == StandaloneSignatureKind.LocalVariables) signature.DecodeLocalSignature(signatures, null);
                else signature.DecodeMethodSignature(signatures, null);
                break;
            default:
                throw new NotSupportedException($"A token of kind {handle.Kind} where a type is named.");
        }
    }

    /// <summary>
    /// The outermost type that contains a type. Null if the type is not in the source, such as the compiler's table of array contents:
    /// whatever it names is also named where it is used.
    /// </summary>
    private TypeName? NameOf(EntityHandle handle)
    {
        if (handle.Kind == HandleKind.TypeDefinition)
        {
            TypeDefinition type = metadata.GetTypeDefinition((TypeDefinitionHandle)handle);
            if (type.IsNested) return NameOf(type.GetDeclaringType());
            return Outermost(Text(metadata.GetAssemblyDefinition().Name), type.Namespace, type.Name);
        }

        TypeReference reference = metadata.GetTypeReference((TypeReferenceHandle)handle);
        if (reference.ResolutionScope.Kind == HandleKind.TypeReference) return NameOf(reference.ResolutionScope);
        string assembly = Text(metadata.GetAssemblyReference((AssemblyReferenceHandle)reference.ResolutionScope).Name);
        return Outermost(assembly, reference.Namespace, reference.Name);
    }

    private TypeName? Outermost(string assembly, StringHandle space, StringHandle name) =>
        Text(name) is var text && text.StartsWith('<') ? null : new TypeName(assembly, Text(space), text.Split('`')[0]);

    private string Text(StringHandle handle) => metadata.GetString(handle);
}
