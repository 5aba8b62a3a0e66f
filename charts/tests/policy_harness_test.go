package charts

import (
	"context"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/mutating/patch"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/cel/environment"
	"k8s.io/client-go/applyconfigurations"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

// The API server's own compiler and evaluator run the policies here, so that
// what passes needs no cluster to be believed.

type allowAll struct{}

func (allowAll) Authorize(context.Context, authorizer.Attributes) (authorizer.Decision, string, error) {
	return authorizer.DecisionAllow, "", nil
}

var stored = environment.StoredExpressions

// newCompiler compiles the variables that all expressions of a policy share.
func newCompiler(t testing.TB, variables []admissionv1.Variable) *plugincel.CompositedCompiler {
	t.Helper()
	compiler, err := plugincel.NewCompositedCompiler(environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()))
	if err != nil {
		t.Fatal(err)
	}
	var named []plugincel.NamedExpressionAccessor
	for _, v := range variables {
		named = append(named, &validating.Variable{Name: v.Name, Expression: v.Expression})
	}
	compiler.CompileAndStoreVariables(named, declarations, stored)
	return compiler
}

var declarations = plugincel.OptionalVariableDeclarations{HasAuthorizer: true}

func newMatcher(c *plugincel.CompositedCompiler, conditions []admissionv1.MatchCondition, name string) matchconditions.Matcher {
	var accessors []plugincel.ExpressionAccessor
	for i := range conditions {
		accessors = append(accessors, (*matchconditions.MatchCondition)(&conditions[i]))
	}
	fail := admissionv1.Fail // a fault of a condition must fail the test, whatever the policy says
	return matchconditions.NewMatcher(c.CompileCondition(accessors, declarations, stored), &fail, "policy", "validate", name)
}

func attributes(obj runtime.Object, gvk schema.GroupVersionKind, resource, name string) *admission.VersionedAttributes {
	gvr := gvk.GroupVersion().WithResource(resource)
	return &admission.VersionedAttributes{
		Attributes: admission.NewAttributesRecord(obj, nil, gvk, "rtc", name, gvr, "", admission.Create,
			&metav1.CreateOptions{}, false, nil),
		VersionedKind:      gvk,
		VersionedObject:    admission.NewLazyObject(obj),
		VersionedOldObject: admission.NewLazyObject(nil),
	}
}

func podAttributes(p *corev1.Pod) *admission.VersionedAttributes {
	gvk := corev1.SchemeGroupVersion.WithKind("Pod")
	p.SetGroupVersionKind(gvk)
	return attributes(p, gvk, "pods", p.Name)
}

// mutate runs the policy on a pod and returns the pod as it would be stored.
// The pod given stays as it is.
func mutate(t testing.TB, policy *admissionv1.MutatingAdmissionPolicy, in *corev1.Pod) *corev1.Pod {
	t.Helper()
	pod := in.DeepCopy()
	compiler := newCompiler(t, policy.Spec.Variables)
	ctx := compiler.CreateContext(t.Context())
	if match := newMatcher(compiler, policy.Spec.MatchConditions, policy.Name).Match(ctx, podAttributes(pod), nil, allowAll{}); match.Error != nil {
		t.Fatal(match.Error)
	} else if !match.Matches {
		return pod
	}
	withPatches := declarations
	withPatches.HasPatchTypes = true
	for _, m := range policy.Spec.Mutations {
		attrs := podAttributes(pod)
		patcher := patch.NewJSONPatcher(compiler.CompileMutatingEvaluator(&patch.JSONPatchCondition{Expression: m.JSONPatch.Expression}, withPatches, stored))
		out, err := patcher.Patch(ctx, patch.Request{
			MatchedResource:     corev1.SchemeGroupVersion.WithResource("pods"),
			VersionedAttributes: attrs,
			ObjectInterfaces:    admission.NewObjectInterfacesFromScheme(clientscheme.Scheme),
			OptionalVariables:   plugincel.OptionalVariableBindings{Authorizer: allowAll{}},
			TypeConverter:       applyconfigurations.NewTypeConverter(clientscheme.Scheme),
		}, celconfig.RuntimeCELCostBudget)
		if err != nil {
			t.Fatalf("patch: %v", err)
		}
		pod = asPod(t, out)
	}
	return pod
}

func asPod(t testing.TB, obj runtime.Object) *corev1.Pod {
	t.Helper()
	if pod, ok := obj.(*corev1.Pod); ok {
		return pod
	}
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(obj)
	if err != nil {
		t.Fatal(err)
	}
	pod := &corev1.Pod{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(fields, pod, true); err != nil {
		t.Fatal(err)
	}
	return pod
}

// validate returns the messages with which the policy objects.
func validate(t testing.TB, policy *admissionv1.ValidatingAdmissionPolicy, attrs *admission.VersionedAttributes) (messages []string) {
	t.Helper()
	compiler := newCompiler(t, policy.Spec.Variables)
	var rules, texts []plugincel.ExpressionAccessor
	for _, v := range policy.Spec.Validations {
		rules = append(rules, &validating.ValidationCondition{Expression: v.Expression, Message: v.Message})
		texts = append(texts, &validating.MessageExpressionCondition{MessageExpression: v.MessageExpression})
	}
	fail := admissionv1.Fail
	validator := validating.NewValidator(
		compiler.CompileCondition(rules, declarations, stored),
		newMatcher(compiler, policy.Spec.MatchConditions, policy.Name),
		compiler.CompileCondition(nil, declarations, stored),
		compiler.CompileCondition(texts, plugincel.OptionalVariableDeclarations{}, stored),
		&fail, nil)
	result := validator.Validate(compiler.CreateContext(t.Context()), attrs.GetResource(), attrs, nil, &corev1.Namespace{}, celconfig.RuntimeCELCostBudget, allowAll{})
	for _, d := range result.Decisions {
		if d.Evaluation == validating.EvalError {
			t.Fatalf("%s: %s", policy.Name, d.Message)
		}
		if d.Action == validating.ActionDeny {
			messages = append(messages, d.Message)
		}
	}
	return messages
}

// policies are those that the chart renders with the given values.
type policies struct {
	inject        admissionv1.MutatingAdmissionPolicy
	pod, workload admissionv1.ValidatingAdmissionPolicy
}

func newPolicies(t testing.TB, values string) *policies {
	t.Helper()
	list := objects(t, mustRender(t, load(t, chartDir), parse(t, values)))
	p := &policies{}
	find(t, list, "MutatingAdmissionPolicy", "-inject", &p.inject)
	find(t, list, "ValidatingAdmissionPolicy", "-check-pod", &p.pod)
	find(t, list, "ValidatingAdmissionPolicy", "-check-workload", &p.workload)
	return p
}

// parsePod reads the spec of a labelled pod.
func parsePod(t testing.TB, text string) *corev1.Pod {
	t.Helper()
	pod := &corev1.Pod{}
	if err := yaml.UnmarshalStrict([]byte(text), pod); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	pod.Name, pod.Namespace = "sora-0", "rtc"
	if pod.Labels == nil {
		pod.Labels = map[string]string{}
	}
	pod.Labels["rtcship.dev/inject"] = "true"
	return pod
}

// deployment has the pod as its template.
func deployment(pod *corev1.Pod) *admission.VersionedAttributes {
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "sora", Namespace: "rtc"}}
	d.Spec.Template = corev1.PodTemplateSpec{ObjectMeta: *pod.ObjectMeta.DeepCopy(), Spec: *pod.Spec.DeepCopy()}
	gvk := appsv1.SchemeGroupVersion.WithKind("Deployment")
	d.SetGroupVersionKind(gvk)
	return attributes(d, gvk, "deployments", d.Name)
}

func sidecar(pod *corev1.Pod, name string) *corev1.Container {
	for i := range pod.Spec.InitContainers {
		if pod.Spec.InitContainers[i].Name == name {
			return &pod.Spec.InitContainers[i]
		}
	}
	return nil
}

func env(c *corev1.Container, name string) string {
	var values []string
	for _, e := range c.Env {
		if e.Name == name {
			values = append(values, e.Value)
		}
	}
	return strings.Join(values, " and ")
}
